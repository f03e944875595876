import { type DescFile, type DescMethod, type DescService, getOption, hasOption, isFieldSet } from "@bufbuild/protobuf";
import { ConfigError } from "../errors.js";
import {
  CallPolicySchema,
  method as methodOption,
  service as serviceOption,
} from "../gen/pinwire/policy/v1/policy_pb.js";
import { methodContract } from "../rpc/method-contract.js";
import type { Diagnostic } from "./schema-error.js";
import { type SourcePosition, SourcePositions } from "./source-positions.js";

/** All that is wrong with what the files say about the use of their methods. */
export function checkPolicies(files: readonly DescFile[], requirePolicy: boolean): Diagnostic[] {
  return files.flatMap((file) => {
    const positions = new SourcePositions(file.proto);
    return file.services.flatMap((service) => [
      ...checkService(service, positions),
      ...service.methods.flatMap((method) => checkMethod(method, positions, requirePolicy)),
    ]);
  });
}

function checkService(service: DescService, positions: SourcePositions): Diagnostic[] {
  if (service.methods.length > 0 || !hasOption(service, serviceOption)) return [];
  const at = positions.ofServiceOption(service, serviceOption.number);
  return [{ at, problem: `a policy on ${service.typeName}, which has no methods, protects nothing` }];
}

function checkMethod(method: DescMethod, positions: SourcePositions, requirePolicy: boolean): Diagnostic[] {
  try {
    const { name, roles, requiredScopes } = methodContract(method);
    if (!requirePolicy || roles.length > 0 || requiredScopes.length > 0) return [];
    const problem = `${name} says nothing about who may call it: neither roles nor required_scopes, on it or its service`;
    return [{ at: positions.ofMethod(method), problem }];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [{ at: positionOf(error, method, positions), problem: error.problem }];
  }
}

/** Where the wrong value is: on the method when that sets the field, else on the service. */
function positionOf({ problem }: ConfigError, method: DescMethod, positions: SourcePositions): SourcePosition {
  const own = getOption(method, methodOption);
  const field = CallPolicySchema.fields.find(({ name }) => problem.includes(`: ${name}`));
  const inherited = field !== undefined && !isFieldSet(own, field) && hasOption(method.parent, serviceOption);
  return inherited
    ? positions.ofServiceOption(method.parent, serviceOption.number)
    : positions.ofMethodOption(method, methodOption.number);
}
