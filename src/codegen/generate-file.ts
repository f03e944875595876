import { createHash } from "node:crypto";
import { type DescFile, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { Schema, Target } from "@bufbuild/protoplugin";
import { generateClient } from "./generate-client.js";
import { generateServer } from "./generate-server.js";
import { generateTable } from "./generate-table.js";
import { generatedNames } from "./generated-names.js";
import type { Generation } from "./generation.js";
import { serviceNames } from "./service-names.js";
import { SourcePositions } from "./source-positions.js";

const extensions = { ts: ".ts", js: ".js", dts: ".d.ts" } as const;

/** Writes `<file>_pinwire.ts`, or what it would be compiled to; nothing for a file without services. */
export function generateFile(schema: Schema, file: DescFile, target: Target): void {
  if (file.services.length === 0) return;
  const path = `${file.name}_pinwire`;
  const f = schema.generateFile(path + extensions[target]);
  f.preamble(file);
  f.print(`// @generated from a descriptor with SHA-256 ${descriptorHash(file)}`);
  const own = generatedNames(f, path);
  const positions = new SourcePositions(file.proto);
  for (const [service, names] of serviceNames(file.services)) {
    const generation: Generation = { f, target, service, names, own, positions };
    f.print();
    generateTable(generation);
    f.print();
    generateClient(generation);
    f.print();
    generateServer(generation);
  }
}

/** Without positions and comments: compilers differ in what they say of those. */
function descriptorHash({ proto }: DescFile): string {
  const { sourceCodeInfo, ...rest } = proto;
  return createHash("sha256").update(toBinary(FileDescriptorProtoSchema, rest)).digest("hex");
}
