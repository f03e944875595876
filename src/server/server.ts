import type { Duplex } from "node:stream";
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { AuditLog } from "../audit/audit-log.js";
import type { AuditLevel } from "../audit/server-audit.js";
import { checkChoice, checkCount, checkCredentials, checkDelayMs, checkFlag, checkKeys } from "../check-option.js";
import type { CredentialState } from "../credentials/credential-state.js";
import { defaults } from "../defaults.js";
import { type ErrorCode, UsageError } from "../errors.js";
import type { SpiffeId } from "../identity/spiffe-id.js";
import type { Anomaly } from "../interceptors/anomaly.js";
import { type CallLimits, checkCallLimits, type LimitOptions } from "../interceptors/call-limits.js";
import { checkFreshness, type FreshnessOption } from "../interceptors/freshness-option.js";
import { checkLogPayloads, type LogPayloads } from "../interceptors/log-payloads.js";
import { defaultLogger, type Logger, safely } from "../interceptors/logger.js";
import { checkLogMetadata } from "../interceptors/metadata-log.js";
import { checkOpenTelemetry, type OpenTelemetryOption } from "../interceptors/open-telemetry-option.js";
import { type PolicyChange, PolicyEvents } from "../interceptors/policy-events.js";
import type { PolicyExplanation } from "../interceptors/policy-explanation.js";
import { checkPolicyOptions, type PolicyOptions, policyKeys, type SomePolicy } from "../interceptors/policy-options.js";
import { checkQuarantine, type QuarantineOptions } from "../interceptors/quarantine.js";
import { RefusalCounts } from "../interceptors/refusal-counts.js";
import type { ServerStats } from "../interceptors/server-stats.js";
import type { HandlerContext } from "../rpc/call-context.js";
import type { MethodContracts } from "../rpc/generated-contracts.js";
import type { Implementation } from "../rpc/implementation.js";
import type { Interceptor } from "../rpc/interceptor.js";
import type { Source } from "../source.js";
import { type CheckedTokenOptions, checkTokenOptions, type TokenOptions } from "../tokens/token-options.js";
import { parseAddress } from "../transport/address.js";
import { checkTransports, type TransportName } from "../transport/protocols.js";
import { Health } from "./health.js";
import type { AnyImplementation, Serving } from "./serving.js";

/** At least one of `policy`, `roles` and `policyFile` says whom the server allows; all else is denied. */
export type ServerOptions = ServerSettings & SomePolicy;

export interface ServerSettings extends PolicyOptions {
  /** Who I am and whom I trust; from `loadCredentials`. */
  readonly credentials: Source<CredentialState>;
  /** Run around every call that was authorized and decoded, the first outermost. */
  readonly interceptors?: readonly Interceptor<HandlerContext>[];
  /** The tamper-evident record of who did what; from `openAuditLog` of "pinwire/audit". Close it after the server. */
  readonly audit?: AuditLog;
  /** What is recorded of methods whose schema does not say. @default "denials" */
  readonly auditLevel?: AuditLevel;
  /** Where records go. @default warnings and errors to standard error, by pino */
  readonly logger?: Logger;
  /** Services or methods whose messages are logged at level debug, redacted by their schema. docs/telemetry.md @default none */
  readonly logPayloads?: LogPayloads;
  /** Keys of request metadata whose values the records of calls show. @default none */
  readonly logMetadata?: readonly string[];
  /** Told what looks wrong, once for each burst. The log has it as well. docs/anomalies.md */
  readonly onAnomaly?: (anomaly: Anomaly) => void;
  /** Keeps a peer from calling for a while after an anomaly. @default off */
  readonly quarantine?: QuarantineOptions;
  /**
   * Metrics and spans by `@opentelemetry/api`, which has to be installed: to the registered providers, or to those given. What
   * is measured is in docs/telemetry.md. @default false
   */
  readonly openTelemetry?: OpenTelemetryOption;
  /** What is spoken, the preferred first. @default ["direct", "h2"] */
  readonly transports?: readonly TransportName[];
  /** How often, how many at once, how large: per identity and method. docs/limits.md has the table. */
  readonly limits?: LimitOptions;
  /** Whether `grpc.reflection` tells those whom the policy allows it about the services here. @default false */
  readonly reflection?: boolean;
  /** Whether `pinwire top` may ask for figures: those who hold the role `admin` (option `roles`). @default false */
  readonly admin?: boolean;
  /** Whose capability tokens are believed, for methods with `required_scopes`. docs/tokens.md */
  readonly tokens?: TokenOptions;
  /** Whether calls have to say when they were sent, so that neither an old nor a repeated one is taken. @default "checked" */
  readonly freshness?: FreshnessOption;
  /**
   * The longest a call may take, and what it gets when its caller names no deadline. When it is set, no schema exceeds it.
   * @default what the schema says, else 60_000
   */
  readonly maxTimeoutMs?: number;
  /** The largest message, in either direction. @default 4 MiB */
  readonly maxMessageBytes?: number;
  /** Calls under way on one connection. @default 1_000 */
  readonly maxConcurrentStreams?: number;
  /** How long calls may go on once the server, or their connection, is to end. @default 10_000 */
  readonly drainTimeoutMs?: number;
  /** From the first byte to a verified peer. @default 5_000 */
  readonly handshakeTimeoutMs?: number;
  /** Handshakes under way. @default 128 */
  readonly maxHandshakes?: number;
  /** Handshakes in a second that may come to nothing, ten seconds' worth at once; then new ones wait. @default 100 */
  readonly refusedHandshakesPerSecond?: number;
  /** Connections in all. @default 1_024 */
  readonly maxConnections?: number;
  /** Connections of one identity. @default 64 */
  readonly maxConnectionsPerPeer?: number;
}

/** What the code that `protoc-gen-pinwire` writes knows of a service beyond its implementation. */
export interface ServiceOptions<S extends DescService = DescService> {
  /** The generated table. Without it the same is read from the descriptor. */
  readonly contracts?: MethodContracts<S>;
}

/** The numbers among the options, each set. */
export type ServerLimits = Required<Pick<ServerOptions, (typeof limitKeys)[number]>>;

const delayKeys = ["maxTimeoutMs", "drainTimeoutMs", "handshakeTimeoutMs"] as const;
const countKeys = [
  "maxMessageBytes",
  "maxConcurrentStreams",
  "maxHandshakes",
  "refusedHandshakesPerSecond",
  "maxConnections",
  "maxConnectionsPerPeer",
] as const;
const limitKeys = [...delayKeys, ...countKeys] as const;

/**
 * Makes a server. Nothing is open until {@link Server.listen}.
 *
 * @throws UsageError ERR_NO_CREDENTIALS, ERR_NO_POLICY, ERR_INVALID_OPTION
 */
export function createServer(options: ServerOptions): Server {
  return new Server(options);
}

export class Server implements AsyncDisposable {
  /** How the services are; what `grpc.health.v1.Health` answers to those whom the policy allows it. */
  readonly health = new Health();
  readonly #options: ServerOptions;
  readonly #policyEvents = new PolicyEvents();
  readonly #limits: ServerLimits;
  readonly #callLimits: CallLimits;
  readonly #tokens: CheckedTokenOptions | undefined;
  readonly #freshness: FreshnessOption;
  readonly #refusals = new RefusalCounts();
  readonly #logger: Logger;
  readonly #transports: readonly TransportName[];
  readonly #services = new Map<DescService, AnyImplementation>();
  readonly #contracts = new Map<DescService, MethodContracts>();
  #serving: Promise<Serving> | undefined;
  #running: Serving | undefined;
  #closed = false;

  /** @internal Use {@link createServer}. */
  constructor(options: ServerOptions) {
    checkKeys("createServer()", options, [
      "credentials",
      ...policyKeys,
      "interceptors",
      "audit",
      "auditLevel",
      "logPayloads",
      "logMetadata",
      "onAnomaly",
      "quarantine",
      "openTelemetry",
      "logger",
      "transports",
      "limits",
      "reflection",
      "admin",
      "tokens",
      "freshness",
      ...limitKeys,
    ]);
    checkCredentials("createServer()", options.credentials);
    this.#options = options;
    checkPolicyOptions(options);
    this.#limits = checkLimits(options);
    this.#callLimits = checkCallLimits(options.limits);
    this.#tokens = checkTokenOptions(options.tokens);
    this.#freshness = checkFreshness(options.freshness);
    this.#logger = safely(options.logger ?? defaultLogger());
    this.#transports = checkTransports(options.transports);
    checkLogPayloads(options.logPayloads);
    checkLogMetadata(options.logMetadata);
    checkQuarantine(options.quarantine);
    checkOpenTelemetry(options.openTelemetry);
    checkChoice("auditLevel", options.auditLevel ?? "denials", ["none", "denials", "all"]);
    checkFlag("reflection", options.reflection);
    checkFlag("admin", options.admin);
  }

  /**
   * Adds a service: one function per method, no more and no less. A generated `register…` function calls this.
   *
   * @throws UsageError ERR_SERVICE_REGISTERED_TWICE, ERR_HANDLER_MISSING, ERR_HANDLER_UNKNOWN, ERR_SERVER_STARTED,
   * ERR_INVALID_OPTION
   */
  service<S extends DescService>(
    service: S,
    implementation: Implementation<S>,
    options: ServiceOptions<NoInfer<S>> = {},
  ): this {
    checkKeys("service()", options, ["contracts"]);
    if (this.#serving !== undefined) {
      throw new UsageError("ERR_SERVER_STARTED", `add ${service.typeName} before listen() is called`);
    }
    for (const { typeName } of this.#services.keys()) {
      if (typeName === service.typeName) {
        throw new UsageError("ERR_SERVICE_REGISTERED_TWICE", `${typeName} has already been added to this server`);
      }
    }
    checkHandlers(service, implementation);
    this.#services.set(service, implementation as AnyImplementation);
    if (options.contracts !== undefined) this.#contracts.set(service, options.contracts);
    return this;
  }

  /**
   * Opens a socket and serves on it. May be called again with other addresses.
   *
   * @param address `unix:/absolute/path` or `npipe:name`
   * @throws ConfigError ERR_INVALID_ADDRESS, ERR_PATH_TOO_LONG, ERR_DIRECTORY_NOT_PRIVATE, ERR_ADDRESS_IN_USE,
   * ERR_NOT_A_SOCKET, ERR_LISTEN_FAILED, ERR_SCHEMA_POLICY, ERR_VALIDATION_MISSING, ERR_OPENTELEMETRY_MISSING,
   * ERR_VALIDATION_RULES, ERR_GENERATED_STALE, ERR_POLICY_INVALID, ERR_ROLE_UNDEFINED,
   * ERR_ROLE_UNUSED, ERR_FILE_MISSING and others of the files that `tokens` names; UsageError ERR_SERVER_CLOSED,
   * ERR_NO_TOKENS
   */
  async listen(address: string): Promise<void> {
    if (this.#closed) throw new UsageError("ERR_SERVER_CLOSED", "this server was closed; make a new one");
    const parsed = parseAddress(address);
    const serving = await this.#start();
    await serving.listen(parsed);
  }

  /**
   * Says how a call would be decided, by which rule and why; before {@link listen}, by the policy as it would be then.
   *
   * @param peer a SPIFFE ID
   * @param method a method of a service, or any path: `/package.Service/Method`
   * @param headers what rules about headers see @default {}
   * @throws ConfigError, UsageError as {@link listen}; ERR_INVALID_SPIFFE_ID, ERR_INVALID_METADATA
   */
  async explain(
    peer: string | SpiffeId,
    method: string | DescMethod,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<PolicyExplanation> {
    const { explain } = await import("./explain.js");
    return explain({ peer, method, headers }, (await this.#serving)?.policy, this.#options, this.#services.keys());
  }

  /**
   * Calls `listener` when a new `policyFile` was refused, once for each reason; the old policy stays in force. It is in the
   * log, too.
   */
  onPolicyRefused(listener: (error: Error) => void): Disposable {
    return this.#policyEvents.onRefused(listener);
  }

  /** Calls `listener` when a new `policyFile` is in force. */
  onPolicyChange(listener: (change: PolicyChange) => void): Disposable {
    return this.#policyEvents.onChange(listener);
  }

  /** Reads the `policyFile` now, without waiting for the watch. On an error the old policy stays in force. @throws ConfigError */
  async reloadPolicy(): Promise<void> {
    await (await this.#serving)?.policy.reload();
  }

  /** What the server did so far and does now; undefined before it listens. The role `admin` sees it with `pinwire top`. */
  stats(): ServerStats | undefined {
    return this.#running?.stats();
  }

  /** How many calls were refused so far, by reason: policy, limits, age, … What handlers throw is not counted. */
  get refusedCalls(): ReadonlyMap<ErrorCode, number> {
    return this.#refusals.read();
  }

  /** @internal Serves on a connection within the process; for tests. @throws as {@link listen} */
  async takeConnection(raw: Duplex): Promise<void> {
    if (this.#closed) throw new UsageError("ERR_SERVER_CLOSED", "this server was closed; make a new one");
    (await this.#start()).take(raw);
  }

  /**
   * Ends in good order: the socket goes, peers are told to send no more, calls under way finish. What has not finished
   * after `drainTimeoutMs` is cut off.
   */
  async drain(): Promise<void> {
    this.#closed = true;
    this.health.end();
    await (await this.#serving)?.drain();
  }

  /** Ends at once: calls under way fail with `UNAVAILABLE`. */
  async close(): Promise<void> {
    this.#closed = true;
    this.health.end();
    await (await this.#serving)?.close();
  }

  /** The same as {@link drain}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }

  /** What serving needs (TLS, HTTP/2, protobuf) is loaded here: importing pinwire must cost next to nothing. */
  #start(): Promise<Serving> {
    this.#serving ??= this.#load().catch((error: unknown) => {
      // So that listen() can be tried again, and close() has nothing to wait for.
      this.#serving = undefined;
      throw error;
    });
    return this.#serving;
  }

  async #load(): Promise<Serving> {
    const { Serving } = await import("./serving.js");
    this.#running = await Serving.start({
      credentials: this.#options.credentials,
      rules: this.#options,
      policyEvents: this.#policyEvents,
      interceptors: this.#options.interceptors ?? [],
      logger: this.#logger,
      audit: this.#options.audit,
      auditLevel: this.#options.auditLevel ?? "denials",
      logPayloads: checkLogPayloads(this.#options.logPayloads),
      logMetadata: checkLogMetadata(this.#options.logMetadata),
      watching: this.#options,
      openTelemetry: checkOpenTelemetry(this.#options.openTelemetry),
      limits: this.#limits,
      maxTimeoutIsChosen: this.#options.maxTimeoutMs !== undefined,
      callLimits: this.#callLimits,
      tokens: this.#tokens,
      freshness: this.#freshness,
      refusals: this.#refusals,
      services: this.#services,
      contracts: this.#contracts,
      transports: this.#transports,
      health: this.health,
      reflection: this.#options.reflection === true,
      admin: this.#options.admin === true,
    });
    return this.#running;
  }
}

function checkLimits(options: ServerOptions): ServerLimits {
  const limits: Partial<Record<(typeof limitKeys)[number], number>> = {};
  for (const key of delayKeys) limits[key] = checkDelayMs(key, options[key] ?? defaults[key]);
  for (const key of countKeys) limits[key] = checkCount(key, options[key] ?? defaults[key]);
  return limits as ServerLimits;
}

function checkHandlers(service: DescService, implementation: object): void {
  const handlers = new Map<string, unknown>();
  // Methods of a class live on its prototype.
  for (const { localName } of service.methods) handlers.set(localName, Reflect.get(implementation, localName));
  for (const [name, handler] of handlers) {
    if (typeof handler === "function") continue;
    throw new UsageError(
      "ERR_HANDLER_MISSING",
      `${service.typeName} has a method ${name}(), but the implementation has none`,
    );
  }
  for (const name of Object.keys(implementation)) {
    if (handlers.has(name) || typeof Reflect.get(implementation, name) !== "function") continue;
    throw new UsageError(
      "ERR_HANDLER_UNKNOWN",
      `the implementation has ${name}(), but ${service.typeName} has no such method`,
    );
  }
}
