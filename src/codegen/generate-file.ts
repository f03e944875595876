import { createHash } from "node:crypto";
import { type DescFile, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { Schema } from "@bufbuild/protoplugin";
import { generateClient } from "./generate-client.js";
import { generateServer } from "./generate-server.js";
import { generateTable } from "./generate-table.js";
import { generatedNames } from "./generated-names.js";
import { serviceNames } from "./service-names.js";
import { SourcePositions } from "./source-positions.js";

/** Writes `<file>_pinwire.ts`; nothing for a file without services. */
export function generateFile(schema: Schema, file: DescFile): void {
  if (file.services.length === 0) return;
  const path = `${file.name}_pinwire`;
  const f = schema.generateFile(`${path}.ts`);
  f.preamble(file);
  f.print(`// @generated from a descriptor with SHA-256 ${descriptorHash(file)}`);
  const names = serviceNames(file.services);
  const own = generatedNames(f, path);
  const positions = new SourcePositions(file.proto);
  for (const [service, namesOfService] of inOrder(file, names)) {
    f.print();
    generateTable(f, service, namesOfService, own);
    f.print();
    generateClient(f, service, namesOfService, own, positions);
    f.print();
    generateServer(f, service, namesOfService, own, positions);
  }
}

function inOrder<T>({ services }: DescFile, names: ReadonlyMap<DescFile["services"][number], T>) {
  return services.flatMap((service) => {
    const found = names.get(service);
    return found === undefined ? [] : [[service, found] as const];
  });
}

/** Without positions and comments: compilers differ in what they say of those. */
function descriptorHash({ proto }: DescFile): string {
  const { sourceCodeInfo, ...rest } = proto;
  return createHash("sha256").update(toBinary(FileDescriptorProtoSchema, rest)).digest("hex");
}
