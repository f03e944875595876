import type { DescMethod, DescService, Message } from "@bufbuild/protobuf";
import { ConfigError } from "../errors.js";
import { methodName } from "../rpc/method-path.js";
import { hasValidationRules } from "./validation-rules.js";

/** @throws RpcError INVALID_ARGUMENT `ERR_VALIDATION`, when a request breaks the rules of its schema */
export type Validate = (request: Message) => void;

/**
 * What checks the requests of each method whose schema has rules of `buf.validate`. Nothing is loaded where none has.
 *
 * @throws ConfigError ERR_VALIDATION_MISSING, ERR_VALIDATION_RULES: rules that cannot be kept are not skipped
 */
export async function loadValidation(services: Iterable<DescService>): Promise<ReadonlyMap<DescMethod, Validate>> {
  const methods = [...services].flatMap((service) => service.methods.filter(hasValidationRules));
  const [first] = methods;
  if (first === undefined) return new Map();
  await assertInstalled(first);
  const { validators } = await import("./validator.js");
  return validators(methods);
}

async function assertInstalled(method: DescMethod): Promise<void> {
  try {
    await import("@bufbuild/protovalidate");
  } catch (cause) {
    throw new ConfigError(
      "ERR_VALIDATION_MISSING",
      `${methodName(method)} has rules of buf.validate, and @bufbuild/protovalidate cannot be loaded`,
      "npm install @bufbuild/protovalidate",
      { cause },
    );
  }
}
