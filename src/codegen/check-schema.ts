import type { DescFile, DescService } from "@bufbuild/protobuf";
import type { FileDescriptorProto } from "@bufbuild/protobuf/wkt";
import type { Diagnostic } from "./schema-error.js";
import { SourcePositions } from "./source-positions.js";

/** The imports that are not there. A registry can only be made of files that have all of theirs. */
export function checkImports(files: readonly FileDescriptorProto[]): Diagnostic[] {
  const present = new Set(files.map(({ name }) => name));
  return files.flatMap((file) => {
    const missing = file.dependency.filter((name) => !present.has(name));
    if (missing.length === 0) return [];
    const positions = new SourcePositions(file);
    return missing.map((name) => ({
      at: positions.ofImport(file.dependency.indexOf(name)),
      problem: `imports ${name}, which the descriptors do not hold`,
    }));
  });
}

/** Methods that TypeScript could not tell apart, because `GetNote` and `getNote` are the same there. */
export function checkMethodNames(files: readonly DescFile[]): Diagnostic[] {
  return files.flatMap((file) => {
    const positions = new SourcePositions(file.proto);
    return file.services.flatMap((service) => sameNames(service, positions));
  });
}

function sameNames(service: DescService, positions: SourcePositions): Diagnostic[] {
  const first = new Map<string, string>();
  return service.methods.flatMap((method) => {
    const other = first.get(method.localName);
    if (other === undefined) first.set(method.localName, method.name);
    if (other === undefined && method.localName !== "__proto__") return [];
    const rival = other ?? "what every object has under that name";
    const problem = `${service.typeName}/${method.name} is ${method.localName} in TypeScript, as is ${rival}`;
    return [{ at: positions.ofMethod(method), problem }];
  });
}
