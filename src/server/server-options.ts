import type { AuditLog } from "../audit/audit-log.js";
import type { AuditLevel } from "../audit/server-audit.js";
import { checkChoice, checkCount, checkCredentials, checkDelayMs, checkFlag, checkKeys } from "../check-option.js";
import type { CredentialState } from "../credentials/credential-state.js";
import { defaults } from "../defaults.js";
import type { Anomaly } from "../interceptors/anomaly.js";
import { type CallLimits, checkCallLimits, type LimitOptions } from "../interceptors/call-limits.js";
import { checkFreshness, type FreshnessOption } from "../interceptors/freshness-option.js";
import { defaultLogger, type Logger, safely } from "../interceptors/logger.js";
import { checkLogMetadata } from "../interceptors/metadata-log.js";
import {
  checkOpenTelemetry,
  type OpenTelemetryOption,
  type OpenTelemetryProviders,
} from "../interceptors/open-telemetry-option.js";
import { checkLogPayloads, type LogPayloads } from "../interceptors/payload-log-option.js";
import { checkPolicyOptions, type PolicyOptions, policyKeys, type SomePolicy } from "../interceptors/policy-options.js";
import { checkQuarantine, type QuarantineOptions } from "../interceptors/quarantine.js";
import type { HandlerContext } from "../rpc/call-context.js";
import type { Interceptor } from "../rpc/interceptor.js";
import type { Source } from "../source.js";
import { type CheckedTokenOptions, checkTokenOptions, type TokenOptions } from "../tokens/token-options.js";
import { checkTransports, type TransportName } from "../transport/protocols.js";

/** At least one of `policy`, `roles` and `policyFile` says whom the server allows; all else is denied. */
export type ServerOptions = ServerSettings & SomePolicy;

/** All options of a server; {@link ServerOptions} adds that there has to be a policy. */
export interface ServerSettings extends PolicyOptions {
  /** Who I am and whom I trust; from `loadCredentials`. */
  readonly credentials: Source<CredentialState>;
  /**
   * Run around every call that was authorized and decoded, the first outermost.
   * @example interceptors: [async (call, next) => { await next(); }]
   * @default none
   */
  readonly interceptors?: readonly Interceptor<HandlerContext>[];
  /** The tamper-evident record of who did what; from `openAuditLog` of "pinwire/audit". It cannot be closed before the server. @default none */
  readonly audit?: AuditLog;
  /** What is recorded of methods whose schema does not say. @default "denials" */
  readonly auditLevel?: AuditLevel;
  /**
   * Refusals of one peer, or for one reason, that the audit log has one by one, each minute, after the first hundred; of the
   * rest it has the number. @default 1
   */
  readonly auditRefusalsPerMinute?: number;
  /** Where records go. @default warnings and errors to standard error, by pino */
  readonly logger?: Logger;
  /**
   * Services or methods whose messages are logged at level debug, redacted by their schema. docs/telemetry.md
   * @example logPayloads: [GreeterService.method.sayHello]
   * @default none
   */
  readonly logPayloads?: LogPayloads;
  /** Keys of request metadata whose values the records of calls show: `["x-request-id"]`. @default none */
  readonly logMetadata?: readonly string[];
  /** Told what looks wrong, once for each burst. The log has it as well. docs/anomalies.md @default the log alone */
  readonly onAnomaly?: (anomaly: Anomaly) => void;
  /** Keeps a peer from calling for a while after an anomaly: `{ forMs: 60_000 }`. @default off */
  readonly quarantine?: QuarantineOptions;
  /**
   * Metrics and spans by `@opentelemetry/api`, which has to be installed: to the registered providers, or to those given. What
   * is measured is in docs/telemetry.md. @default false
   */
  readonly openTelemetry?: OpenTelemetryOption;
  /** What is spoken, the preferred first. @default ["direct", "h2"] */
  readonly transports?: readonly TransportName[];
  /**
   * How often, how many at once, how large: per identity and method. docs/limits.md has the table, with the defaults.
   * @example limits: { callsPerSecond: 500, methods: { "notes.v1.NotesService/Search": { callsPerSecond: 5 } } }
   */
  readonly limits?: LimitOptions;
  /** Whether `grpc.reflection` tells those whom the policy allows it about the services here. @default false */
  readonly reflection?: boolean;
  /** Whether `pinwire top` may ask for figures: those who hold the role `admin` (option `roles`). @default false */
  readonly admin?: boolean;
  /**
   * Whose capability tokens are believed, for methods with `required_scopes`. docs/tokens.md
   * @example tokens: { issuers: "token-issuer/issuers.json" }
   * @default nobody's: a server with such a method does not start
   */
  readonly tokens?: TokenOptions;
  /**
   * Whether calls have to say when they were sent (`"required"`), or are only looked at if they do. docs/freshness.md
   * @default "checked"
   */
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

/** The options as they hold: checked once, defaults put in. */
export interface CheckedServerOptions {
  readonly credentials: Source<CredentialState>;
  /** Where the rules come from. */
  readonly rules: PolicyOptions;
  readonly interceptors: readonly Interceptor<HandlerContext>[];
  readonly audit: AuditLog | undefined;
  readonly auditLevel: AuditLevel;
  readonly logger: Logger;
  readonly logPayloads: LogPayloads;
  readonly logMetadata: readonly string[];
  readonly onAnomaly: ((anomaly: Anomaly) => void) | undefined;
  readonly quarantine: QuarantineOptions | undefined;
  readonly openTelemetry: true | OpenTelemetryProviders | undefined;
  readonly transports: readonly TransportName[];
  readonly limits: ServerLimits;
  /** Whether `maxTimeoutMs` was set, and so holds whatever a schema says. */
  readonly maxTimeoutIsChosen: boolean;
  readonly callLimits: CallLimits;
  readonly reflection: boolean;
  readonly admin: boolean;
  readonly tokens: CheckedTokenOptions | undefined;
  readonly freshness: FreshnessOption;
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
  "auditRefusalsPerMinute",
] as const;
const limitKeys = [...delayKeys, ...countKeys] as const;

const otherKeys = [
  "credentials",
  ...policyKeys,
  "interceptors",
  "audit",
  "auditLevel",
  "logger",
  "logPayloads",
  "logMetadata",
  "onAnomaly",
  "quarantine",
  "openTelemetry",
  "transports",
  "limits",
  "reflection",
  "admin",
  "tokens",
  "freshness",
] as const satisfies (keyof ServerSettings)[];

/**
 * Finds mistakes as soon as a server is made. Those of files and schemas show when it listens.
 *
 * @throws UsageError ERR_NO_CREDENTIALS, ERR_NO_POLICY, ERR_INVALID_OPTION
 */
export function checkServerOptions(options: ServerOptions): CheckedServerOptions {
  checkKeys("createServer()", options, [...otherKeys, ...limitKeys]);
  return {
    credentials: checkCredentials("createServer()", options.credentials),
    rules: checkPolicyOptions(options),
    limits: checkLimits(options),
    maxTimeoutIsChosen: options.maxTimeoutMs !== undefined,
    callLimits: checkCallLimits(options.limits),
    tokens: checkTokenOptions(options.tokens),
    freshness: checkFreshness(options.freshness),
    interceptors: options.interceptors ?? [],
    logger: safely(options.logger ?? defaultLogger()),
    transports: checkTransports(options.transports),
    logPayloads: checkLogPayloads(options.logPayloads, options.logger),
    logMetadata: checkLogMetadata(options.logMetadata),
    onAnomaly: options.onAnomaly,
    quarantine: checkQuarantine(options.quarantine),
    openTelemetry: checkOpenTelemetry(options.openTelemetry),
    audit: options.audit,
    auditLevel: checkChoice("auditLevel", options.auditLevel ?? "denials", ["none", "denials", "all"]),
    reflection: checkFlag("reflection", options.reflection),
    admin: checkFlag("admin", options.admin),
  };
}

function checkLimits(options: ServerOptions): ServerLimits {
  const limits: Partial<Record<(typeof limitKeys)[number], number>> = {};
  for (const key of delayKeys) limits[key] = checkDelayMs(key, options[key] ?? defaults[key]);
  for (const key of countKeys) limits[key] = checkCount(key, options[key] ?? defaults[key]);
  return limits as ServerLimits;
}
