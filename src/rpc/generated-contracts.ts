import { isDeepStrictEqual } from "node:util";
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { ConfigError } from "../errors.js";
import { adoptContract, type MethodContract, methodContract } from "./method-contract.js";

/** What `protoc-gen-pinwire` writes for a service: one contract per method, under the name the method has in TypeScript. */
export type MethodContracts<S extends DescService = DescService> = {
  readonly [Name in keyof S["method"]]: MethodContract;
};

/**
 * From now on the generated table is what {@link methodContract} gives for the methods of the service. A table that says
 * anything else than the descriptor is refused: one of the two is older than the schema, and nobody could tell which of
 * them a reader of the code has seen.
 *
 * @throws ConfigError ERR_GENERATED_STALE, ERR_SCHEMA_POLICY
 */
export function adoptContracts(service: DescService, contracts: MethodContracts): void {
  const methods = new Set(service.methods.map(({ localName }) => localName));
  for (const name of Object.keys(contracts)) {
    if (!methods.has(name)) throw stale(service, `the table has ${name}, which the service lacks`);
  }
  for (const method of service.methods) adopt(method, contracts[method.localName]);
}

function adopt(method: DescMethod, generated: MethodContract | undefined): void {
  if (generated === undefined) throw stale(method.parent, `the table lacks ${method.localName}`);
  const known = methodContract(method);
  for (const key of new Set([...Object.keys(known), ...Object.keys(generated)]) as Set<keyof MethodContract>) {
    if (isDeepStrictEqual(generated[key], known[key])) continue;
    throw stale(method.parent, `the table differs in ${key} of ${method.name}`);
  }
  adoptContract(method, generated);
}

function stale(service: DescService, difference: string): ConfigError {
  return new ConfigError(
    "ERR_GENERATED_STALE",
    `the generated table of ${service.typeName} does not fit its descriptor: ${difference}`,
    "generate both again: npx buf generate",
  );
}
