import { createFileRegistry, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { type FileDescriptorSet, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { checkImports } from "../../codegen/check-schema.js";
import { formatDiagnostic } from "../../codegen/schema-error.js";
import { ConfigError } from "../../errors.js";
import { findIn } from "./find-in.js";
import type { Described, Schema } from "./schema.js";

/** A schema that is all there: the file descriptors of a set, each after those it imports. */
export class FileSchema implements Schema {
  readonly registry: FileRegistry;

  constructor(registry: FileRegistry) {
    this.registry = registry;
  }

  async serviceNames(): Promise<readonly string[]> {
    const services = [...this.registry].filter((desc) => desc.kind === "service");
    return services.map(({ typeName }) => typeName).sort();
  }

  async find(name: string): Promise<Described | undefined> {
    return findIn(this.registry, name);
  }

  async learn(): Promise<void> {}
}

/**
 * @param origin where the bytes come from, for messages
 * @throws ConfigError ERR_FILE_MALFORMED, ERR_SCHEMA_INCOMPLETE
 */
export function parseDescriptorSet(bytes: Uint8Array, origin: string): FileSchema {
  let set: FileDescriptorSet;
  try {
    set = fromBinary(FileDescriptorSetSchema, bytes);
  } catch (cause) {
    throw notASet(origin, cause);
  }
  if (set.file.length === 0) throw notASet(origin);
  return new FileSchema(registryOf(set, origin));
}

/** @throws ConfigError ERR_SCHEMA_INCOMPLETE, also for an import that comes after its importer */
export function registryOf(set: FileDescriptorSet, origin: string): FileRegistry {
  try {
    return createFileRegistry(set);
  } catch (cause) {
    const lacking = checkImports(set.file).map(formatDiagnostic).join("; ");
    const reason = lacking || (cause instanceof Error ? cause.message : String(cause));
    throw new ConfigError(
      "ERR_SCHEMA_INCOMPLETE",
      `${origin} is not a complete schema: ${reason}`,
      "a set of descriptors has to hold all imports: buf build -o FILE, or protoc --include_imports",
      { cause },
    );
  }
}

function notASet(origin: string, cause?: unknown): ConfigError {
  return new ConfigError(
    "ERR_FILE_MALFORMED",
    `${origin} is not a FileDescriptorSet in binary form`,
    "make one with buf build -o schema.binpb, or protoc --include_imports --descriptor_set_out=schema.binpb",
    { cause },
  );
}
