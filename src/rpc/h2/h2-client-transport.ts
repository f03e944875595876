import type { ChannelOptions } from "@grpc/grpc-js";
import { PeerError } from "../../errors.js";
import { Status } from "../../status.js";
import { ConnectBackoff } from "../connect-backoff.js";
import { connectionLost } from "../connection-lost.js";
import type { Dialer } from "../dialer.js";
import { metadataTooLarge } from "../metadata-too-large.js";
import { outcomeOfFailure, refusedStream } from "../refused-stream.js";
import type { ClientRequest, ClientStream, ClientStreamListener, ClientTransport, Outcome } from "../transport.js";
import { H2Channel } from "./h2-channel.js";
import { http2Bytes } from "./h2-metadata.js";

export interface H2ClientOptions {
  readonly maxMessageBytes: number;
  readonly keepaliveTimeMs: number;
  readonly keepaliveTimeoutMs: number;
}

/** node:http2 sends no header block over 64 KiB; this leaves room for what gRPC adds. A server may accept less, and says so. */
const mostMetadataBytes = 60 * 1024;

/**
 * Calls over HTTP/2 by grpc-js. One grpc-js channel per connection: it is made for the first call, and replaced when
 * connecting fails or the connection has to be renewed, so that the next call starts afresh.
 */
export class H2ClientTransport implements ClientTransport {
  readonly #dialer: Dialer;
  readonly #options: ChannelOptions;
  readonly #backoff = new ConnectBackoff();
  #channel: H2Channel | undefined;

  constructor(dialer: Dialer, options: H2ClientOptions) {
    this.#dialer = dialer;
    this.#options = grpcOptions(options);
  }

  get protocol(): string | undefined {
    return this.#channel?.connection?.protocol;
  }

  get backoffMs(): number {
    return this.#backoff.remainingMs;
  }

  open(request: ClientRequest, listener: ClientStreamListener): ClientStream {
    if (request.metadata.size > 0 && http2Bytes(request.metadata) > mostMetadataBytes) {
      return refusedStream(metadataTooLarge("request metadata"), listener);
    }
    const blocked = this.#backoff.blocked;
    if (blocked !== undefined) return refusedStream(blocked, listener);
    try {
      this.#channel?.connection?.assertTrusted();
    } catch (error) {
      if (error instanceof PeerError) return refusedStream(error, listener);
      throw error;
    }
    this.#channel ??= this.#makeChannel();
    return this.#channel.open(request, listener);
  }

  close(): void {
    this.#channel?.destroy();
    this.#channel = undefined;
  }

  #makeChannel(): H2Channel {
    const channel: H2Channel = new H2Channel(this.#dialer, this.#options, {
      onConnected: () => this.#backoff.succeeded(),
      onRetire: () => this.#drop(channel),
      explain: (outcome) => this.#explain(outcome, channel),
    });
    return channel;
  }

  /** Says why a call found no connection, or lost it; grpc-js has only `UNAVAILABLE` and prose for all of it. */
  #explain(outcome: Outcome, channel: H2Channel): Outcome {
    const fromServer = outcome.trailer !== undefined || outcome.details !== undefined;
    if (outcome.status !== Status.UNAVAILABLE || fromServer) return outcome;
    const { connectFailure, connection } = channel;
    if (connectFailure === undefined) {
      if (connection !== undefined) return outcome;
      return { ...outcome, ...connectionLost() };
    }
    if (this.#channel === channel) {
      this.#backoff.failed(connectFailure);
      this.#drop(channel);
    }
    const { neverSent, ...explained } = outcomeOfFailure(connectFailure);
    // A call that was lost with its connection may find out only when the next one has failed.
    return neverSent && neverGivenToAConnection.test(outcome.message) ? { ...explained, neverSent } : explained;
  }

  /** Lets the calls under way finish on their connection; the next call makes a new one. */
  #drop(channel: H2Channel): void {
    if (this.#channel === channel) this.#channel = undefined;
    channel.retire();
  }
}

/** What grpc-js says of a call that found no connection, and only of those (1.14.7). */
const neverGivenToAConnection = /^No connection established/;

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
