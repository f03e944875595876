import type { Socket } from "node:net";
import { Channel, type ChannelOptions, connectivityState } from "@grpc/grpc-js";
import { PeerError } from "../../errors.js";
import { protocols } from "../../transport/protocols.js";
import type { SecureConnection } from "../../transport/secure-connection.js";
import { asPeerError } from "../as-peer-error.js";
import type { Dialer } from "../dialer.js";
import { EnvelopeWriter } from "../envelope.js";
import type { ClientRequest, ClientStream, ClientStreamListener, Outcome } from "../transport.js";
import { hearEarlyGoAways } from "./early-goaway.js";
import { H2ClientCredentials } from "./h2-client-credentials.js";
import { H2ClientStream } from "./h2-client-stream.js";
import { quietGrpc } from "./quiet-grpc.js";

/** How many connections may be given up for a newer one before the first call is made. */
const maxRetired = 3;

export interface H2ChannelHandlers {
  /** A verified connection is there. */
  onConnected(): void;
  /** New calls belong elsewhere: the credentials have changed. */
  onRetire(): void;
  /** May say more about the end of a call than grpc-js does. */
  explain(outcome: Outcome): Outcome;
}

/** A channel of grpc-js, its connection and its calls. It lasts until its last call has ended. */
export class H2Channel {
  readonly #dialer: Dialer;
  readonly #handlers: H2ChannelHandlers;
  readonly #channel: Channel;
  readonly #envelopes = new EnvelopeWriter();
  readonly #closing = new AbortController();
  #connection: SecureConnection | undefined;
  #connectFailure: PeerError | undefined;
  #calls = 0;
  #retired = false;

  constructor(dialer: Dialer, options: ChannelOptions, handlers: H2ChannelHandlers) {
    quietGrpc();
    this.#dialer = dialer;
    this.#handlers = handlers;
    const credentials = new H2ClientCredentials(
      () => this.#prepare(),
      (raw) => this.#secure(raw),
    );
    // For grpc-js a named pipe is a "unix" path too: both go to net.connect({path}).
    this.#channel = new Channel(`unix:${dialer.path}`, credentials, options);
    hearEarlyGoAways(this.#channel);
  }

  get connection(): SecureConnection | undefined {
    return this.#connection;
  }

  /** Why there is no connection; undefined while there is one, or before the first attempt. */
  get connectFailure(): PeerError | undefined {
    return this.#connectFailure;
  }

  open(request: ClientRequest, listener: ClientStreamListener): ClientStream {
    const call = this.#channel.createCall(request.path, Date.now() + request.timeoutMs, null, null, null);
    this.#calls += 1;
    return new H2ClientStream(call, request, listener, {
      envelope: this.#envelopes.next(),
      explain: (outcome) => this.#handlers.explain(outcome),
      onOver: () => this.#over(),
    });
  }

  /** Takes no more calls. Closed at once, it would fail those that wait for a connection. */
  retire(): void {
    this.#retired = true;
    if (this.#calls === 0) this.#close();
  }

  /** Ends everything. */
  destroy(): void {
    this.#close();
    this.#connection?.destroy(new Error("the channel was closed"));
  }

  #over(): void {
    this.#calls -= 1;
    if (this.#retired && this.#calls === 0) this.#close();
  }

  #close(): void {
    this.#closing.abort();
    this.#channel.close();
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
    try {
      const connection = await this.#unretired(await this.#dialer.secure(raw, [protocols.h2]));
      this.#assertAwaited(connection);
      this.#connectFailure = undefined;
      this.#connection = connection;
      connection.onClose(() => {
        if (this.#connection === connection) this.#connection = undefined;
      });
      this.#handlers.onConnected();
      connection.onRetire(() => this.#handlers.onRetire());
      return connection.socket;
    } catch (error) {
      this.#connectFailure = asPeerError(error);
      throw error;
    }
  }

  /**
   * The credentials may change while a connection is being made with the old ones: another takes its place at once. Credentials
   * that change faster than connections are made are not run after: the last connection is good for the calls that wait.
   */
  async #unretired(first: SecureConnection): Promise<SecureConnection> {
    let connection = first;
    for (let attempt = 0; attempt < maxRetired && isRetired(connection); attempt++) {
      connection.destroy(new Error("the credentials have changed"));
      connection = await this.#dialer.dial([protocols.h2], this.#closing.signal);
    }
    return connection;
  }

  /** grpc-js does not close a connection that comes after it has given up waiting. */
  #assertAwaited(connection: SecureConnection): void {
    if (this.#channel.getConnectivityState(false) !== connectivityState.SHUTDOWN) return;
    const error = new Error("nobody waits for the connection any more");
    connection.destroy(error);
    throw error;
  }
}

function isRetired(connection: SecureConnection): boolean {
  let retired = false;
  connection.onRetire(() => {
    retired = true;
  });
  return retired;
}

function nobodyAnswers(path: string): PeerError {
  return new PeerError("ERR_CONNECT_FAILED", `nothing accepts connections at ${path}; is the server running?`);
}
