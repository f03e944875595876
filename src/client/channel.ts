import type { Duplex } from "node:stream";
import { checkCount, checkCredentials, checkDelayMs, checkKeys } from "../check-option.js";
import type { CredentialState } from "../credentials/credential-state.js";
import { defaults } from "../defaults.js";
import { RpcError, UsageError } from "../errors.js";
import { SpiffeId } from "../identity/spiffe-id.js";
import type { ChannelStats } from "../interceptors/channel-stats.js";
import type { CircuitState } from "../interceptors/circuit-breaker.js";
import { defaultLogger, type Logger, safely } from "../interceptors/logger.js";
import { checkLogMetadata } from "../interceptors/metadata-log.js";
import {
  checkOpenTelemetry,
  type OpenTelemetryOption,
  type OpenTelemetryProviders,
} from "../interceptors/open-telemetry-option.js";
import { checkLogPayloads, type LogPayloads } from "../interceptors/payload-log-option.js";
import { enableAmbientCalls } from "../rpc/ambient-call.js";
import { nestedFailure } from "../rpc/nested-failure.js";
import type { Source } from "../source.js";
import { Status } from "../status.js";
import { checkToken, type TokenSource } from "../tokens/token-source.js";
import { type Address, parseAddress } from "../transport/address.js";
import { requirePlatform } from "../transport/platform.js";
import { checkTransports, type TransportName, transportName } from "../transport/protocols.js";
import { CallPolicy, type CallPolicyOptions, callPolicyKeys } from "./call-policy.js";
import type { ChannelTelemetry } from "./channel-telemetry.js";
import type { Connection } from "./connection.js";

/** What a channel needs: who I am, where the server is, and whom I expect there. The rest has defaults. */
export interface ChannelOptions extends CallPolicyOptions {
  /** Who I am and whom I trust; from `loadCredentials`. */
  readonly credentials: Source<CredentialState>;
  /** Where the server listens: `unix:/absolute/path` or `npipe:name`. */
  readonly target: string;
  /** The SPIFFE ID of the only server accepted. */
  readonly peer: string | SpiffeId;
  /** The largest message, in either direction. @default 4 MiB */
  readonly maxMessageBytes?: number;
  /** How long connecting may take, until the server is verified. @default 5_000 */
  readonly handshakeTimeoutMs?: number;
  /** What may be spoken; the server chooses among those it knows, the first of its own first. @default both */
  readonly transports?: readonly TransportName[];
  /** Where records go. @default warnings and errors to standard error, by pino */
  readonly logger?: Logger;
  /** Services or methods whose messages are logged at level debug, redacted by their schema. docs/telemetry.md @default none */
  readonly logPayloads?: LogPayloads;
  /** Keys of request metadata whose values the records of calls show. @default none */
  readonly logMetadata?: readonly string[];
  /**
   * Metrics and spans by `@opentelemetry/api`, which has to be installed: to the registered providers, or to those given. What
   * is measured is in docs/telemetry.md. @default false
   */
  readonly openTelemetry?: OpenTelemetryOption;
  /** The capability token of every call: one that does not change, `tokenSource()` or `tokenFile()`. docs/tokens.md @default none */
  readonly token?: string | TokenSource;
}

export const channelOptionKeys = [
  ...([
    "credentials",
    "target",
    "peer",
    "maxMessageBytes",
    "handshakeTimeoutMs",
    "transports",
    "logger",
    "logPayloads",
    "logMetadata",
    "openTelemetry",
    "token",
  ] as const),
  ...callPolicyKeys,
] satisfies (keyof ChannelOptions)[];

/**
 * A connection to one server, made when the first call needs it and made again when it breaks. Share one among the
 * clients of all services of that server.
 *
 * @throws ConfigError ERR_INVALID_ADDRESS, ERR_PATH_TOO_LONG, ERR_UNSUPPORTED_PLATFORM, ERR_INVALID_SPIFFE_ID,
 * ERR_SERVICE_CONFIG;
 * UsageError ERR_NO_CREDENTIALS, ERR_NO_PEER, ERR_INVALID_OPTION
 */
export function createChannel(options: ChannelOptions): Channel {
  checkKeys("createChannel()", options, channelOptionKeys);
  return new Channel(options);
}

/** A way to one server; made by {@link createChannel}. An open one keeps the process alive: close it, or `await using`. */
export class Channel implements AsyncDisposable {
  /** Where the server is. */
  readonly address: Address;
  /** What the address was given as. */
  readonly target: string;
  /** The only server accepted. */
  readonly peer: SpiffeId;
  readonly credentials: Source<CredentialState>;
  readonly maxMessageBytes: number;
  readonly handshakeTimeoutMs: number;
  readonly transports: readonly TransportName[];
  readonly logger: Logger;
  /** @internal */
  readonly logPayloads: LogPayloads;
  /** @internal */
  readonly logMetadata: readonly string[];
  /** @internal */
  readonly policy: CallPolicy;
  /** @internal */
  readonly token: TokenSource | undefined;
  readonly #openTelemetry: true | OpenTelemetryProviders | undefined;
  #connection: Promise<Connection> | undefined;
  #open: Connection | undefined;
  #closed = false;

  /** @internal Makes a connection in another way than to `address`; for tests within one process. */
  readonly connectRaw: (() => Promise<Duplex>) | undefined;

  /** @internal Use {@link createChannel}. */
  constructor(options: ChannelOptions, connectRaw?: () => Promise<Duplex>) {
    this.connectRaw = connectRaw;
    this.credentials = checkCredentials("createChannel()", options.credentials);
    this.address = parseAddress(options.target);
    this.target = options.target;
    requirePlatform(this.address);
    this.peer = checkPeer(options.peer);
    this.maxMessageBytes = checkCount("maxMessageBytes", options.maxMessageBytes ?? defaults.maxMessageBytes);
    this.handshakeTimeoutMs = checkDelayMs(
      "handshakeTimeoutMs",
      options.handshakeTimeoutMs ?? defaults.handshakeTimeoutMs,
    );
    this.transports = checkTransports(options.transports);
    this.logger = safely(options.logger ?? defaultLogger());
    this.logPayloads = checkLogPayloads(options.logPayloads, options.logger);
    this.logMetadata = checkLogMetadata(options.logMetadata);
    this.policy = new CallPolicy(options, this.logger, this.peer);
    this.token = checkToken(options.token);
    this.#openTelemetry = checkOpenTelemetry(options.openTelemetry);
    enableAmbientCalls();
  }

  /** What is spoken at present; undefined while there is no connection. */
  get transport(): TransportName | undefined {
    return transportName(this.#open?.transport.protocol);
  }

  /** Whether calls go through at present, and a way to hear when that changes; undefined without `circuitBreaker`. */
  get breaker(): Source<CircuitState> | undefined {
    return this.policy.breaker;
  }

  /** What the clients on this channel did so far, and how the channel is now. */
  stats(): ChannelStats {
    const { policy, target, peer, transport, credentials } = this;
    return {
      target,
      peer: peer.toString(),
      connection: this.#closed ? "closed" : (this.#open?.state ?? "idle"),
      transport,
      callsUnderWay: this.#open?.calls.size ?? 0,
      methods: this.#open?.figures.read() ?? [],
      connects: this.#open?.figures.connects ?? {},
      breaker: policy.breaker?.current(),
      retryTokens: policy.throttle.tokens,
      certificateExpires: credentials.current().svid.notAfter.getTime(),
    };
  }

  /** @internal */
  get closed(): boolean {
    return this.#closed;
  }

  /** @internal What calls go through, without waiting once it is there. */
  get connection(): Connection | Promise<Connection> {
    if (this.#closed) return Promise.reject(channelClosed());
    return this.#open ?? this.#load();
  }

  /** Cancels the calls under way and closes the connection. */
  async close(): Promise<void> {
    this.#closed = true;
    // One that could not be loaded has told its callers why.
    (await this.#connection?.catch(() => undefined))?.close(channelClosed());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** What a call needs (TLS, HTTP/2, protobuf) is loaded with the first one: importing pinwire must cost next to nothing. */
  #load(): Promise<Connection> {
    this.#connection ??= this.#connect().catch((error: unknown) => {
      // So that a later call tries again.
      this.#connection = undefined;
      throw error;
    });
    return this.#connection;
  }

  async #connect(): Promise<Connection> {
    const telemetry = await this.#telemetry();
    const { Connection } = await import("./connection.js");
    this.#open = new Connection(this, telemetry);
    return this.#open;
  }

  /** @throws ConfigError ERR_OPENTELEMETRY_MISSING */
  async #telemetry(): Promise<ChannelTelemetry | undefined> {
    if (this.#openTelemetry === undefined) return undefined;
    const { loadOpenTelemetry } = await import("../interceptors/load-open-telemetry.js");
    const { ChannelTelemetry } = await import("./channel-telemetry.js");
    return new ChannelTelemetry(await loadOpenTelemetry(this.#openTelemetry), this);
  }
}

/** The types demand it, but an environment variable that is not set passes them, and no name must not mean any. */
function checkPeer(peer: string | SpiffeId): SpiffeId {
  if (peer instanceof SpiffeId) return peer;
  if (typeof peer === "string") return SpiffeId.parse(peer);
  throw new UsageError("ERR_NO_PEER", "createChannel() needs peer: the SPIFFE ID of the only server accepted");
}

function channelClosed(): RpcError {
  return nestedFailure(new RpcError(Status.CANCELLED, "the channel was closed", { code: "ERR_CHANNEL_CLOSED" }));
}
