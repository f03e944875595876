import { createRegistry, type Registry } from "@bufbuild/protobuf";
import type { Schema } from "../schema/schema.js";
import { wellKnown } from "../schema/well-known-files.js";

const made = new WeakMap<Registry, Registry>();

/** The types that may be in a `google.protobuf.Any`: those of the schema and those everybody has. */
export function registryFor({ registry }: Pick<Schema, "registry">): Registry {
  let all = made.get(registry);
  if (all === undefined) {
    all = createRegistry(...wellKnown, registry);
    made.set(registry, all);
  }
  return all;
}
