import type { DescService } from "@bufbuild/protobuf";
import type { GeneratedFile } from "@bufbuild/protoplugin";
import { type MethodContract, methodContract } from "../rpc/method-contract.js";
import type { GeneratedNames } from "./generated-names.js";
import type { ServiceNames } from "./service-names.js";

/** The table of a service: what its `.proto` says about the use of each method, as `methodContract()` reads it. */
export function generateTable(f: GeneratedFile, service: DescService, names: ServiceNames, own: GeneratedNames): void {
  f.print(f.jsDoc(`What ${service.file.proto.name} says about the use of the methods of ${service.typeName}.`));
  const type = own.pinwire("MethodContracts", "type");
  const declaration = [f.export("const", names.methods), ": ", type, "<typeof ", f.importSchema(service), "> = {"];
  if (service.methods.length === 0) {
    f.print(...declaration, "};");
    return;
  }
  f.print(...declaration);
  for (const method of service.methods) {
    f.print(`  ${method.localName}: {`);
    for (const [key, value] of Object.entries(methodContract(method))) f.print(`    ${key}: ${literal(value)},`);
    f.print("  },");
  }
  f.print("};");
}

function literal(value: MethodContract[keyof MethodContract]): string {
  if (typeof value !== "object") return value === undefined ? "undefined" : JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((each) => JSON.stringify(each)).join(", ")}]`;
  const fields = Object.entries(value).map(([key, each]) => `${key}: ${each}`);
  return `{ ${fields.join(", ")} }`;
}
