import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { ErrorDetail } from "./error-detail.js";
import { Status, type StatusName, statusFromNumber, statusName } from "./status.js";

/**
 * Every reason why something was refused or failed, with the gRPC status it turns into. Errors, logs and documents use
 * the same words; `docs/errors.md` gives cause and fix of each, and a test compares the two.
 */
export const errorCodes = {
  // Family PeerError: the other side did not prove who it is, or is not there.
  ERR_NO_SOCKET: Status.UNAVAILABLE,
  ERR_STALE_SOCKET: Status.UNAVAILABLE,
  ERR_CONNECT_FAILED: Status.UNAVAILABLE,
  ERR_HANDSHAKE_FAILED: Status.UNAVAILABLE,
  ERR_HANDSHAKE_TIMEOUT: Status.UNAVAILABLE,
  ERR_REFUSED_BY_PEER: Status.UNAUTHENTICATED,
  ERR_SOCKET_OWNER: Status.UNAUTHENTICATED,
  ERR_NO_CERTIFICATE: Status.UNAUTHENTICATED,
  ERR_CERTIFICATE_MALFORMED: Status.UNAUTHENTICATED,
  ERR_UNKNOWN_ISSUER: Status.UNAUTHENTICATED,
  ERR_CHAIN_INVALID: Status.UNAUTHENTICATED,
  ERR_CERTIFICATE_EXPIRED: Status.UNAUTHENTICATED,
  ERR_CERTIFICATE_NOT_YET_VALID: Status.UNAUTHENTICATED,
  ERR_LEAF_PROFILE: Status.UNAUTHENTICATED,
  ERR_WRONG_TRUST_DOMAIN: Status.UNAUTHENTICATED,
  ERR_UNEXPECTED_IDENTITY: Status.UNAUTHENTICATED,
  ERR_NOT_PINNED: Status.UNAUTHENTICATED,
  ERR_PIN_MISMATCH: Status.UNAUTHENTICATED,
  ERR_REVOKED: Status.UNAUTHENTICATED,
  ERR_PROTOCOL_VERSION: Status.UNAUTHENTICATED,
  ERR_TOO_MANY_CONNECTIONS: Status.RESOURCE_EXHAUSTED,
  ERR_TOKEN_MISSING: Status.UNAUTHENTICATED,
  ERR_TOKEN_MALFORMED: Status.UNAUTHENTICATED,
  ERR_TOKEN_UNKNOWN_ISSUER: Status.UNAUTHENTICATED,
  ERR_TOKEN_SIGNATURE: Status.UNAUTHENTICATED,
  ERR_TOKEN_DELEGATION: Status.UNAUTHENTICATED,
  ERR_TOKEN_LIFETIME: Status.UNAUTHENTICATED,
  ERR_TOKEN_AUDIENCE: Status.UNAUTHENTICATED,
  ERR_TOKEN_HOLDER: Status.UNAUTHENTICATED,
  ERR_TOKEN_NOT_YET_VALID: Status.UNAUTHENTICATED,
  ERR_TOKEN_EXPIRED: Status.UNAUTHENTICATED,
  ERR_TOKEN_REVOKED: Status.UNAUTHENTICATED,
  ERR_TOKEN_SCOPE: Status.UNAUTHENTICATED,
  ERR_TOKEN_REPLAYED: Status.UNAUTHENTICATED,
  ERR_TOKEN_REPLAY_CACHE: Status.UNAUTHENTICATED,

  // Family ConfigError: your files or your options. The message says how to mend them.
  ERR_FILE_MISSING: Status.FAILED_PRECONDITION,
  ERR_FILE_UNREADABLE: Status.FAILED_PRECONDITION,
  ERR_FILE_MALFORMED: Status.FAILED_PRECONDITION,
  ERR_FILE_NOT_PRIVATE: Status.FAILED_PRECONDITION,
  ERR_FILE_EXISTS: Status.FAILED_PRECONDITION,
  ERR_FILE_WRITE: Status.FAILED_PRECONDITION,
  ERR_KEY_MISMATCH: Status.FAILED_PRECONDITION,
  ERR_KEY_UNSUPPORTED: Status.FAILED_PRECONDITION,
  ERR_PINS_EMPTY: Status.FAILED_PRECONDITION,
  ERR_INVALID_SPIFFE_ID: Status.INVALID_ARGUMENT,
  ERR_INVALID_PIN: Status.INVALID_ARGUMENT,
  ERR_INVALID_ADDRESS: Status.INVALID_ARGUMENT,
  ERR_INVALID_OPTION: Status.INVALID_ARGUMENT,
  ERR_SCHEMA_POLICY: Status.INVALID_ARGUMENT,
  ERR_VALIDATION_MISSING: Status.FAILED_PRECONDITION,
  ERR_VALIDATION_RULES: Status.FAILED_PRECONDITION,
  ERR_OPENTELEMETRY_MISSING: Status.FAILED_PRECONDITION,
  ERR_GENERATED_STALE: Status.FAILED_PRECONDITION,
  ERR_HANDLERS_NOT_FOUND: Status.FAILED_PRECONDITION,
  ERR_HANDLER_OBSOLETE: Status.FAILED_PRECONDITION,
  ERR_POLICY_INVALID: Status.FAILED_PRECONDITION,
  ERR_ROLE_UNDEFINED: Status.FAILED_PRECONDITION,
  ERR_ROLE_UNUSED: Status.FAILED_PRECONDITION,
  ERR_SERVICE_CONFIG: Status.INVALID_ARGUMENT,
  ERR_PATH_TOO_LONG: Status.INVALID_ARGUMENT,
  ERR_DIRECTORY_NOT_PRIVATE: Status.FAILED_PRECONDITION,
  ERR_NOT_A_SOCKET: Status.FAILED_PRECONDITION,
  ERR_ADDRESS_IN_USE: Status.FAILED_PRECONDITION,
  ERR_LISTEN_FAILED: Status.FAILED_PRECONDITION,
  ERR_LOCKED: Status.FAILED_PRECONDITION,
  ERR_CA_PASSPHRASE: Status.FAILED_PRECONDITION,
  ERR_AUDIT_TAMPERED: Status.FAILED_PRECONDITION,
  ERR_AUDIT_UNAVAILABLE: Status.UNAVAILABLE,
  ERR_NO_AUDIT_LOG: Status.FAILED_PRECONDITION,
  ERR_UNSUPPORTED_PLATFORM: Status.FAILED_PRECONDITION,
  ERR_TOOL_MISSING: Status.FAILED_PRECONDITION,
  ERR_PROTO_INVALID: Status.INVALID_ARGUMENT,
  ERR_SCHEMA_INCOMPLETE: Status.FAILED_PRECONDITION,
  ERR_NO_REFLECTION: Status.UNIMPLEMENTED,
  ERR_UNKNOWN_NAME: Status.NOT_FOUND,
  ERR_AMBIGUOUS_NAME: Status.INVALID_ARGUMENT,
  ERR_INVALID_JSON: Status.INVALID_ARGUMENT,

  // Family UsageError: the API was called in a way it does not offer.
  ERR_NO_CREDENTIALS: Status.INVALID_ARGUMENT,
  ERR_NO_PEER: Status.INVALID_ARGUMENT,
  ERR_NO_POLICY: Status.INVALID_ARGUMENT,
  ERR_NO_TIMEOUT: Status.INVALID_ARGUMENT,
  ERR_NO_TOKENS: Status.INVALID_ARGUMENT,
  ERR_AUDIT_IN_USE: Status.FAILED_PRECONDITION,
  ERR_SERVICE_REGISTERED_TWICE: Status.INVALID_ARGUMENT,
  ERR_HANDLER_MISSING: Status.INVALID_ARGUMENT,
  ERR_HANDLER_UNKNOWN: Status.INVALID_ARGUMENT,
  ERR_HANDLER_RESULT: Status.INTERNAL,
  ERR_INVALID_METADATA: Status.INVALID_ARGUMENT,
  ERR_SERVER_CLOSED: Status.FAILED_PRECONDITION,
  ERR_NEXT_MISUSED: Status.INTERNAL,
  ERR_NOT_ITERABLE: Status.INVALID_ARGUMENT,
  ERR_SERVER_STARTED: Status.FAILED_PRECONDITION,

  // Family RpcError: a call failed for a reason that this process knows.
  ERR_POLICY: Status.PERMISSION_DENIED,
  ERR_QUARANTINED: Status.PERMISSION_DENIED,
  ERR_TOKEN_UNAVAILABLE: Status.UNAUTHENTICATED,
  ERR_STALE_CALL: Status.UNAUTHENTICATED,
  ERR_REPLAYED_CALL: Status.UNAUTHENTICATED,
  ERR_ENVELOPE_MISSING: Status.UNAUTHENTICATED,
  ERR_ENVELOPE_MALFORMED: Status.UNAUTHENTICATED,
  ERR_RATE_LIMITED: Status.RESOURCE_EXHAUSTED,
  ERR_TOO_MANY_CALLS: Status.RESOURCE_EXHAUSTED,
  ERR_OVERLOADED: Status.UNAVAILABLE,
  ERR_SCHEMA_DRIFT: Status.FAILED_PRECONDITION,
  ERR_UNKNOWN_METHOD: Status.UNIMPLEMENTED,
  ERR_REQUEST_MALFORMED: Status.INTERNAL,
  ERR_METADATA_TOO_LARGE: Status.RESOURCE_EXHAUSTED,
  ERR_MESSAGE_TOO_LARGE: Status.RESOURCE_EXHAUSTED,
  ERR_MESSAGE_MALFORMED: Status.INVALID_ARGUMENT,
  ERR_VALIDATION: Status.INVALID_ARGUMENT,
  ERR_MESSAGE_COUNT: Status.UNIMPLEMENTED,
  ERR_CHANNEL_CLOSED: Status.CANCELLED,
  ERR_CONNECTION_LOST: Status.UNAVAILABLE,
  ERR_CIRCUIT_OPEN: Status.UNAVAILABLE,
  ERR_SHUTTING_DOWN: Status.UNAVAILABLE,
  ERR_PROTOCOL_VIOLATION: Status.INTERNAL,
  ERR_HANDLER_FAILED: Status.INTERNAL,

  // Family RpcError: the status alone says what is known.
  ERR_RPC_CANCELLED: Status.CANCELLED,
  ERR_RPC_UNKNOWN: Status.UNKNOWN,
  ERR_RPC_INVALID_ARGUMENT: Status.INVALID_ARGUMENT,
  ERR_RPC_DEADLINE_EXCEEDED: Status.DEADLINE_EXCEEDED,
  ERR_RPC_NOT_FOUND: Status.NOT_FOUND,
  ERR_RPC_ALREADY_EXISTS: Status.ALREADY_EXISTS,
  ERR_RPC_PERMISSION_DENIED: Status.PERMISSION_DENIED,
  ERR_RPC_RESOURCE_EXHAUSTED: Status.RESOURCE_EXHAUSTED,
  ERR_RPC_FAILED_PRECONDITION: Status.FAILED_PRECONDITION,
  ERR_RPC_ABORTED: Status.ABORTED,
  ERR_RPC_OUT_OF_RANGE: Status.OUT_OF_RANGE,
  ERR_RPC_UNIMPLEMENTED: Status.UNIMPLEMENTED,
  ERR_RPC_INTERNAL: Status.INTERNAL,
  ERR_RPC_UNAVAILABLE: Status.UNAVAILABLE,
  ERR_RPC_DATA_LOSS: Status.DATA_LOSS,
  ERR_RPC_UNAUTHENTICATED: Status.UNAUTHENTICATED,
} as const satisfies Record<`ERR_${string}`, Status>;

export type ErrorCode = keyof typeof errorCodes;

/** What every error of pinwire has in common. Catch the families, not this. */
export interface CodedError extends Error {
  /** The stable reason; the message may change between versions, this does not. */
  readonly code: ErrorCode;
  /** The gRPC status a call fails with for this reason. */
  readonly status: Status;
}

/** Facts about the peer, as far as they are known; for logs, never sent to it. */
export interface PeerFacts {
  /** The SPIFFE ID the peer claims. It is proven only when the code comes after the chain was verified. */
  readonly peerId?: string;
  /** The pin of the key it presented, `sha256/<base64>`. */
  readonly pin?: string;
}

/** The other side is to blame: it is not there, is not who it should be, or broke the protocol. */
export class PeerError extends Error implements CodedError {
  override readonly name = "PeerError";
  readonly code: ErrorCode;
  readonly status: Status;
  readonly facts: PeerFacts;

  constructor(code: ErrorCode, message: string, options: ErrorOptions & { facts?: PeerFacts } = {}) {
    super(message, options);
    this.code = code;
    this.status = errorCodes[code];
    this.facts = options.facts ?? {};
  }
}

/** Your files or options are to blame. The message ends with the fix, which `hint` repeats on its own. */
export class ConfigError extends Error implements CodedError {
  override readonly name = "ConfigError";
  readonly code: ErrorCode;
  readonly status: Status;
  /** What is wrong, without the fix. */
  readonly problem: string;
  /** What to do about it. */
  readonly hint: string;

  constructor(code: ErrorCode, problem: string, hint: string, options?: ErrorOptions) {
    super(`${problem} - ${hint}`, options);
    this.code = code;
    this.status = errorCodes[code];
    this.problem = problem;
    this.hint = hint;
  }
}

/** The API was misused; a bug in the calling code, found at the call. */
export class UsageError extends TypeError implements CodedError {
  override readonly name = "UsageError";
  readonly code: ErrorCode;
  readonly status: Status;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
    this.status = errorCodes[code];
  }
}

/**
 * Why a failed call was not sent once more: its status or its method does not allow it, an answer had begun, its messages
 * were more than `retryBufferBytes`, its attempts were used up, its deadline would have passed, too many calls of the channel
 * have failed (`retryThrottling`), or the server asked not to.
 */
export type NoRetryReason = "status" | "answer" | "buffer" | "attempts" | "deadline" | "throttled" | "pushback";

/** What an {@link RpcError} may carry beyond status and message. */
export interface RpcErrorOptions extends ErrorOptions {
  /** A more precise reason than the status alone. */
  readonly code?: ErrorCode;
  /** What programs can act on; made with `errorDetail()` of `pinwire/error-details`. They are sent to the caller. */
  readonly details?: readonly ErrorDetail[];
  /** @internal The status came from the peer, so its words are not for anybody else. */
  readonly received?: boolean;
  /** For a handler: when the caller may try again, in milliseconds; negative asks it not to (gRFC A6, "Pushback"). */
  readonly retryPushbackMs?: number;
  /** @internal How often the call was sent. */
  readonly attempts?: number;
  /** @internal Why it was not sent once more. */
  readonly notRetried?: NoRetryReason | undefined;
  /** @internal The method that a client called. */
  readonly method?: string;
}

/**
 * A call failed. Thrown by a client's methods; a handler throws one to choose the status and message its caller sees.
 *
 * @example throw new RpcError(Status.NOT_FOUND, "no such document");
 */
export class RpcError extends Error implements CodedError {
  override readonly name = "RpcError";
  /** Why, more precisely than the status where that is known; `pinwire explain CODE` says what to do about it. */
  readonly code: ErrorCode;
  /** The gRPC status. */
  readonly status: Status;
  /** The message alone, as it travels; `message` puts the name of the status before it. */
  readonly rawMessage: string;
  /** Whether the other side of the call chose the status, not this process. */
  readonly received: boolean;
  /** What the one who failed the call has said beyond status and message; most often nothing. */
  readonly details: readonly ErrorDetail[];
  /** Of a client's call that failed: its method, as `package.Service/Method`. Undefined for other errors. */
  readonly method: string | undefined;
  /** How often a client's call was sent before it failed so; 0 when it never was. Undefined for other errors. */
  readonly attempts: number | undefined;
  /** Why a client's call was not sent once more. Undefined where nobody asked: the method has no retry policy. */
  readonly notRetried: NoRetryReason | undefined;
  /** When the caller may try again, as the handler that threw this says it. */
  readonly retryPushbackMs: number | undefined;

  constructor(status: Exclude<Status, typeof Status.OK>, rawMessage: string, options: RpcErrorOptions = {}) {
    // JavaScript may pass anything; what is thrown to say something must not fail itself.
    const text = String(rawMessage ?? "");
    const known = statusFromNumber(status) || Status.UNKNOWN;
    super(text === "" ? statusName(known) : `${statusName(known)}: ${text}`, options);
    this.status = known;
    this.rawMessage = text;
    this.received = options.received ?? false;
    this.details = options.details ? Array.from(options.details).filter(isDetail) : none;
    this.method = options.method;
    this.attempts = options.attempts;
    this.notRetried = options.notRetried;
    this.retryPushbackMs = options.retryPushbackMs;
    this.code = options.code ?? `ERR_RPC_${statusName(known) as Exclude<StatusName, "OK">}`;
  }

  /**
   * The details of one type, in their order; one that is not what it says is left out.
   *
   * @example for (const { fieldViolations } of error.findDetails(BadRequestSchema)) …
   */
  findDetails<S extends DescMessage>(schema: S): MessageShape<S>[] {
    const found = this.details.map((detail) => detail.as(schema));
    return found.filter((message) => message !== undefined);
  }
}

const none: readonly ErrorDetail[] = Object.freeze([]);

function isDetail(value: Partial<ErrorDetail> | undefined): boolean {
  return typeof value?.typeName === "string" && value.value instanceof Uint8Array && typeof value.as === "function";
}

/** Whether a thrown value is one of pinwire's errors; narrow to `PeerError`, `ConfigError`, … with `instanceof`. */
export function isCodedError(error: unknown): error is CodedError {
  return (
    error instanceof RpcError ||
    error instanceof PeerError ||
    error instanceof ConfigError ||
    error instanceof UsageError
  );
}
