import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { create, fromBinary } from "@bufbuild/protobuf";
import { type CodeGeneratorRequest, CodeGeneratorRequestSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

const root = resolve(import.meta.dirname, "../..");

/** The compiler, as it is installed here. */
export const buf = join(root, "node_modules", ".bin", "buf");

/** Writes `.proto` files into `proto/` of a directory, with the options of pinwire and a `buf.yaml` beside them. */
export function writeProtos(directory: string, files: Readonly<Record<string, string>>): void {
  cpSync(join(root, "proto", "pinwire", "policy"), join(directory, "proto", "pinwire", "policy"), { recursive: true });
  writeFileSync(join(directory, "buf.yaml"), "version: v2\nmodules:\n  - path: proto\n");
  for (const [name, text] of Object.entries(files)) {
    const path = join(directory, "proto", name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

/** What buf would hand to a plugin for these files, and all that they import. */
export function requestFor(directory: string, names: readonly string[], parameter: string): CodeGeneratorRequest {
  const args = ["build", "--as-file-descriptor-set", "--output", "-#format=binpb"];
  const { file } = fromBinary(FileDescriptorSetSchema, execFileSync(buf, args, { cwd: directory }));
  return create(CodeGeneratorRequestSchema, { protoFile: file, fileToGenerate: [...names], parameter });
}
