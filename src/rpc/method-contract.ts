import type { DescMessage, DescMethod } from "@bufbuild/protobuf";
import { getOption } from "@bufbuild/protobuf";
import type { Duration } from "@bufbuild/protobuf/wkt";
import { MethodOptions_IdempotencyLevel as IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { ConfigError } from "../errors.js";
import {
  AuditLevel,
  type CallPolicy,
  method as methodOption,
  type RateLimit,
  service as serviceOption,
} from "../gen/pinwire/policy/v1/policy_pb.js";
import { methodName } from "./method-path.js";

/** What a `.proto` says about the use of one method; `docs/schema-policy.md`. Undefined: it says nothing. */
export interface MethodContract {
  /** `package.Service/Method`. */
  readonly name: string;
  readonly kind: DescMethod["methodKind"];
  /** From the standard option `idempotency_level`: what makes a retry or a hedge safe. */
  readonly idempotency: "unknown" | "idempotent" | "no_side_effects";
  /** One of these has to be held; empty when the schema names none. */
  readonly roles: readonly string[];
  /** A token has to grant each of these. */
  readonly requiredScopes: readonly string[];
  readonly defaultTimeoutMs: number | undefined;
  readonly maxTimeoutMs: number | undefined;
  readonly rateLimit: { readonly perSecond: number; readonly burst: number } | undefined;
  readonly maxConcurrentCalls: number | undefined;
  readonly maxRequestBytes: number | undefined;
  readonly maxResponseBytes: number | undefined;
  readonly audit: "none" | "denials" | "all" | undefined;
  /** The fields marked `debug_redact` that its messages can hold at any depth, as `package.Message.field`. */
  readonly redacted: readonly string[];
}

const known = new WeakMap<DescMethod, MethodContract>();

/**
 * The contract of a method, read from its descriptor once. What the method does not set, its service's option does.
 *
 * @throws ConfigError ERR_SCHEMA_POLICY when an option has no sense, or is newer than this version of pinwire: a rule that
 * is not understood must not be skipped
 */
export function methodContract(method: DescMethod): MethodContract {
  let contract = known.get(method);
  if (contract === undefined) {
    contract = read(method);
    known.set(method, contract);
  }
  return contract;
}

/** @internal Puts a generated contract that says the same in the place of the one that was read. */
export function adoptContract(method: DescMethod, generated: MethodContract): void {
  Object.freeze(generated.roles);
  Object.freeze(generated.requiredScopes);
  Object.freeze(generated.redacted);
  Object.freeze(generated.rateLimit);
  known.set(method, Object.freeze(generated));
}

function read(method: DescMethod): MethodContract {
  const name = methodName(method);
  const own = readable(name, () => getOption(method, methodOption));
  const shared = readable(name, () => getOption(method.parent, serviceOption));
  assertUnderstood(name, own);
  assertUnderstood(name, shared);
  const defaultTimeoutMs = timeoutMs(name, "default_timeout", own.defaultTimeout ?? shared.defaultTimeout);
  const maxTimeoutMs = timeoutMs(name, "max_timeout", own.maxTimeout ?? shared.maxTimeout);
  if (defaultTimeoutMs !== undefined && maxTimeoutMs !== undefined && defaultTimeoutMs > maxTimeoutMs) {
    throw invalid(name, "default_timeout is longer than max_timeout");
  }
  return Object.freeze({
    name,
    kind: method.methodKind,
    idempotency: idempotencyNames[method.idempotency],
    roles: names(name, "roles", own.roles.length > 0 ? own.roles : shared.roles),
    requiredScopes: names(
      name,
      "required_scopes",
      own.requiredScopes.length > 0 ? own.requiredScopes : shared.requiredScopes,
    ),
    defaultTimeoutMs,
    maxTimeoutMs,
    rateLimit: rateLimit(name, own.rateLimit ?? shared.rateLimit),
    maxConcurrentCalls: count(name, "max_concurrent_calls", own.maxConcurrentCalls ?? shared.maxConcurrentCalls),
    maxRequestBytes: count(name, "max_request_bytes", own.maxRequestBytes ?? shared.maxRequestBytes),
    maxResponseBytes: count(name, "max_response_bytes", own.maxResponseBytes ?? shared.maxResponseBytes),
    audit: auditLevel(name, own.audit || shared.audit),
    redacted: redactedFields([method.input, method.output]),
  });
}

const idempotencyNames = {
  [IdempotencyLevel.IDEMPOTENCY_UNKNOWN]: "unknown",
  [IdempotencyLevel.IDEMPOTENT]: "idempotent",
  [IdempotencyLevel.NO_SIDE_EFFECTS]: "no_side_effects",
} as const;

const auditNames = {
  [AuditLevel.UNSPECIFIED]: undefined,
  [AuditLevel.NONE]: "none",
  [AuditLevel.DENIALS]: "denials",
  [AuditLevel.ALL]: "all",
} as const;

/** Descriptors from elsewhere, such as a server's own account of itself, may hold anything in the place of an option. */
function readable(name: string, read: () => CallPolicy): CallPolicy {
  try {
    return read();
  } catch (cause) {
    throw invalid(name, "its policy cannot be read", cause);
  }
}

function assertUnderstood(name: string, policy: CallPolicy): void {
  const unknown = policy.$unknown?.[0] ?? policy.rateLimit?.$unknown?.[0];
  if (unknown === undefined) return;
  throw invalid(name, `field ${unknown.no} of its policy is newer than this version of pinwire`);
}

/** Lower case, so that two spellings are never two roles; a scope may also name a method, and that has capitals. */
function names(method: string, field: "roles" | "required_scopes", values: readonly string[]): readonly string[] {
  const syntax = field === "roles" ? /^[a-z0-9][a-z0-9._-]{0,63}$/ : /^[!#-[\]-~]{1,255}$/;
  for (const value of values) {
    if (!syntax.test(value))
      throw invalid(method, `${field} holds ${JSON.stringify(value)}, which is not a valid name`);
  }
  return [...new Set(values)];
}

function timeoutMs(method: string, field: string, value: Duration | undefined): number | undefined {
  if (value === undefined) return undefined;
  const ms = Number(value.seconds) * 1_000 + value.nanos / 1_000_000;
  // The longest delay a timer of Node.js can wait.
  if (!(ms >= 1 && ms <= 2_147_483_647)) throw invalid(method, `${field} has to be from 1 ms to 24 days`);
  return ms;
}

function rateLimit(method: string, value: RateLimit | undefined): MethodContract["rateLimit"] {
  if (value === undefined) return undefined;
  const { perSecond, burst = Math.max(1, Math.ceil(perSecond)) } = value;
  if (!(perSecond > 0 && perSecond <= 1e9)) throw invalid(method, "rate_limit.per_second has to be more than 0");
  if (burst < 1) throw invalid(method, "rate_limit.burst has to be 1 or more");
  return { perSecond, burst };
}

function count(method: string, field: string, value: number | undefined): number | undefined {
  if (value === 0) throw invalid(method, `${field} is 0, which would refuse every call; use deny() for that`);
  return value;
}

function auditLevel(method: string, value: AuditLevel): MethodContract["audit"] {
  if (!(value in auditNames)) throw invalid(method, `audit level ${value} is newer than this version of pinwire`);
  return auditNames[value];
}

/** Each message type is looked at once, however often it occurs, so a schema of any shape costs what it is long. */
function redactedFields(roots: readonly DescMessage[]): string[] {
  const seen = new Set(roots);
  const fields: string[] = [];
  for (const message of seen) {
    for (const field of message.fields) {
      if (field.proto.options?.debugRedact === true) fields.push(`${message.typeName}.${field.name}`);
      else if (field.message !== undefined) seen.add(field.message);
    }
  }
  return fields;
}

function invalid(method: string, problem: string, cause?: unknown): ConfigError {
  const hint = "docs/schema-policy.md says what each option takes";
  return new ConfigError("ERR_SCHEMA_POLICY", `${method}: ${problem}`, hint, { cause });
}
