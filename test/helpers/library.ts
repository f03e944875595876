import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { type DescMessage, type DescService, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { type FileSchema, registryOf, FileSchema as Schema } from "../../src/cli/schema/file-schema.js";

const root = resolve(import.meta.dirname, "../..");

/** Puts the schema of test/cli/schema, with what it imports, into a directory; buf compiles it from there. */
export function layOutLibrary(dir: string): string {
  const proto = join(dir, "proto");
  mkdirSync(join(proto, "pinwire"), { recursive: true });
  cpSync(join(root, "test/cli/schema"), proto, { recursive: true });
  cpSync(join(root, "proto/pinwire/policy"), join(proto, "pinwire/policy"), { recursive: true });
  return proto;
}

/** The descriptors of that schema; this is how a program has it that was not generated for it. */
export function libraryDescriptors(proto: string, ...args: readonly string[]) {
  const bytes = execFileSync(
    join(root, "node_modules/.bin/buf"),
    ["build", proto, "--as-file-descriptor-set", "--output", "-#format=binpb", ...args],
    { maxBuffer: 1e8 },
  );
  return fromBinary(FileDescriptorSetSchema, bytes);
}

export class Library {
  readonly schema: FileSchema;

  constructor(proto: string) {
    this.schema = new Schema(registryOf(libraryDescriptors(proto), proto));
  }

  service(name: string): DescService {
    return present(this.schema.registry.getService(`library.v1.${name}`));
  }

  message(name: string): DescMessage {
    return present(this.schema.registry.getMessage(`library.v1.${name}`));
  }
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("test/cli/schema does not have it");
  return value;
}
