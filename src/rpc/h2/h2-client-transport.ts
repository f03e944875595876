import type { Socket } from "node:net";
import { Channel, type ChannelOptions } from "@grpc/grpc-js";
import { PeerError } from "../../errors.js";
import { Status } from "../../status.js";
import { protocols } from "../../transport/protocols.js";
import type { SecureConnection } from "../../transport/secure-connection.js";
import { asPeerError } from "../as-peer-error.js";
import { ConnectBackoff } from "../connect-backoff.js";
import type { Dialer } from "../dialer.js";
import { outcomeOfFailure, refusedStream } from "../refused-stream.js";
import type { ClientRequest, ClientStream, ClientStreamListener, ClientTransport, Outcome } from "../transport.js";
import { H2ClientCredentials } from "./h2-client-credentials.js";
import { H2ClientStream } from "./h2-client-stream.js";

export interface H2ClientOptions {
  readonly maxMessageBytes: number;
  readonly keepaliveTimeMs: number;
  readonly keepaliveTimeoutMs: number;
}

/**
 * Calls over HTTP/2 by grpc-js. One grpc-js channel per connection: it is made for the first call, and dropped when
 * connecting fails or the connection has to be renewed, so that the next call starts afresh.
 */
export class H2ClientTransport implements ClientTransport {
  readonly #dialer: Dialer;
  readonly #options: ChannelOptions;
  readonly #backoff = new ConnectBackoff();
  readonly #closing = new AbortController();
  #channel: Channel | undefined;
  #connection: SecureConnection | undefined;
  /** Why there is no connection; undefined while there is one, or before the first attempt. */
  #connectFailure: PeerError | undefined;

  constructor(dialer: Dialer, options: H2ClientOptions) {
    this.#dialer = dialer;
    this.#options = grpcOptions(options);
  }

  get protocol(): string | undefined {
    return this.#connection?.protocol;
  }

  open(request: ClientRequest, listener: ClientStreamListener): ClientStream {
    const blocked = this.#backoff.blocked;
    if (blocked !== undefined) return refusedStream(blocked, listener);
    try {
      this.#connection?.assertTrusted();
    } catch (error) {
      if (error instanceof PeerError) return refusedStream(error, listener);
      throw error;
    }
    this.#channel ??= this.#makeChannel();
    const channel = this.#channel;
    const call = channel.createCall(request.path, Date.now() + request.timeoutMs, null, null, null);
    return new H2ClientStream(call, request, listener, (outcome) => this.#explain(outcome, channel));
  }

  close(): void {
    this.#closing.abort();
    this.#channel?.close();
    this.#channel = undefined;
    this.#connection?.destroy(new Error("the channel was closed"));
  }

  #makeChannel(): Channel {
    const credentials = new H2ClientCredentials(
      () => this.#prepare(),
      (raw) => this.#secure(raw),
    );
    // For grpc-js a named pipe is a "unix" path too: both go to net.connect({path}).
    return new Channel(`unix:${this.#dialer.path}`, credentials, this.#options);
  }

  async #prepare(): Promise<void> {
    try {
      await this.#dialer.check();
      // grpc-js connects next and keeps a failure to itself; this stands until secure() is reached.
      this.#connectFailure = nobodyAnswers(this.#dialer.path);
    } catch (error) {
      this.#connectFailure = asPeerError(error);
      throw error;
    }
  }

  async #secure(raw: Socket): Promise<Socket> {
    const channel = this.#channel;
    try {
      const connection = await this.#unretired(await this.#dialer.secure(raw, [protocols.h2]));
      this.#connectFailure = undefined;
      this.#backoff.succeeded();
      this.#connection = connection;
      connection.onRetire(() => this.#drop(channel));
      connection.onClose(() => {
        if (this.#connection === connection) this.#connection = undefined;
      });
      return connection.socket;
    } catch (error) {
      this.#connectFailure = asPeerError(error);
      throw error;
    }
  }

  /** The credentials may change while a connection is being made with the old ones: another takes its place at once. */
  async #unretired(connection: SecureConnection): Promise<SecureConnection> {
    let retired = false;
    connection.onRetire(() => {
      retired = true;
    });
    if (!retired) return connection;
    connection.destroy(new Error("the credentials have changed"));
    return this.#dialer.dial([protocols.h2], this.#closing.signal);
  }

  /** Says why a call found no connection, or lost it; grpc-js has only `UNAVAILABLE` and prose for all of it. */
  #explain(outcome: Outcome, channel: Channel): Outcome {
    const fromServer = outcome.trailer !== undefined || outcome.details !== undefined;
    if (outcome.status !== Status.UNAVAILABLE || fromServer) return outcome;
    const failure = this.#connectFailure;
    if (failure === undefined) {
      return this.#connection === undefined
        ? { ...outcome, message: "the connection to the server was lost", code: "ERR_CONNECTION_LOST" }
        : outcome;
    }
    if (this.#channel === channel) {
      this.#backoff.failed(failure);
      this.#drop(channel);
    }
    return outcomeOfFailure(failure);
  }

  /** Lets the calls under way finish on their connection; the next call makes a new one. */
  #drop(channel: Channel | undefined): void {
    if (channel === undefined || this.#channel !== channel) return;
    this.#channel = undefined;
    channel.close();
  }
}

function grpcOptions(options: H2ClientOptions): ChannelOptions {
  return {
    "grpc.max_receive_message_length": options.maxMessageBytes,
    "grpc.keepalive_time_ms": options.keepaliveTimeMs,
    "grpc.keepalive_timeout_ms": options.keepaliveTimeoutMs,
    // Without it grpc-js shares a connection between channels whose credentials differ.
    "grpc.use_local_subchannel_pool": 1,
    "grpc.enable_http_proxy": 0,
    "grpc.enable_channelz": 0,
    "grpc.service_config_disable_resolution": 1,
  };
}

function nobodyAnswers(path: string): PeerError {
  return new PeerError("ERR_CONNECT_FAILED", `nothing accepts connections at ${path}; is the server running?`);
}
