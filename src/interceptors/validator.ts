import { create, createRegistry, type DescMessage, type DescMethod, type Message } from "@bufbuild/protobuf";
import { CompilationError, createValidator, type Validator, type Violation } from "@bufbuild/protovalidate";
import { ConfigError, RpcError } from "../errors.js";
import { CallRefused } from "../rpc/call-refused.js";
import { methodName } from "../rpc/method-path.js";
import { withImports } from "../rpc/with-imports.js";
import { Status } from "../status.js";
import { celProbes } from "./cel-probes.js";
import type { Validate } from "./validation.js";
import { badRequest } from "./violation-details.js";

/**
 * One check for each method. Loads protovalidate; `validation.ts` decides whether.
 *
 * @throws ConfigError ERR_VALIDATION_RULES
 */
export function validators(methods: readonly DescMethod[]): Map<DescMethod, Validate> {
  // With everything that the files import: a rule may be defined in another file than the one that uses it.
  const files = withImports(...methods.map(({ parent }) => parent.file));
  const validator = createValidator({ registry: createRegistry(...files) });
  for (const method of methods) assertCompiles(method, validator);
  return new Map(methods.map((method) => [method, (request) => validate(validator, method, request)]));
}

/** A request is checked only when its rules are known to be sound: what is wrong with them shows at the start. */
function assertCompiles(method: DescMethod, validator: Validator): void {
  for (const schema of [method.input, ...probesOf(method)]) {
    const { error } = validator.validate(schema, create(schema));
    if (error instanceof CompilationError) throw wrong(method, error);
  }
}

function probesOf(method: DescMethod): DescMessage[] {
  try {
    return celProbes(method.input);
  } catch (error) {
    throw wrong(method, error);
  }
}

function wrong(method: DescMethod, cause: unknown): ConfigError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ConfigError(
    "ERR_VALIDATION_RULES",
    `the rules of buf.validate for the requests of ${methodName(method)} are wrong: ${reason}`,
    "correct the .proto and generate again",
    { cause },
  );
}

function validate(validator: Validator, { input }: DescMethod, request: Message): void {
  const result = validator.validate(input, request);
  if (result.kind === "valid") return;
  if (result.kind === "invalid") throw invalid(result.violations);
  // A rule that fails by itself says nothing about the request; the request is not let through for that.
  throw new CallRefused("ERR_VALIDATION_RULES", Status.INTERNAL, "internal error", { cause: result.error });
}

function invalid(violations: readonly Violation[]): RpcError {
  const { summary, detail } = badRequest(violations);
  return new RpcError(Status.INVALID_ARGUMENT, summary, { code: "ERR_VALIDATION", details: [detail] });
}
