import { type MethodContract, methodContract } from "../rpc/method-contract.js";
import type { Generation } from "./generation.js";

/** The table of a service: what its `.proto` says about the use of each method, as `methodContract()` reads it. */
export function generateTable({ f, target, service, names, own }: Generation): void {
  f.print(f.jsDoc(`What ${service.file.proto.name} says about the use of the methods of ${service.typeName}.`));
  const type = [
    ": ",
    own.pinwire("MethodContracts", "type"),
    "<typeof ",
    own.descriptor(service, target === "ts" ? "value" : "type"),
    ">",
  ];
  if (target === "dts") {
    f.print(f.export("declare const", names.methods), ...type, ";");
    return;
  }
  const { methods } = service;
  f.print(f.export("const", names.methods), ...(target === "ts" ? type : []), " = {", methods.length === 0 ? "};" : "");
  for (const method of methods) {
    f.print(`  ${method.localName}: {`);
    for (const [key, value] of Object.entries(methodContract(method))) f.print(`    ${key}: ${literal(value)},`);
    f.print("  },");
  }
  if (methods.length > 0) f.print("};");
}

function literal(value: MethodContract[keyof MethodContract]): string {
  if (typeof value !== "object") return value === undefined ? "undefined" : JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((each) => JSON.stringify(each)).join(", ")}]`;
  const fields = Object.entries(value).map(([key, each]) => `${key}: ${each}`);
  return `{ ${fields.join(", ")} }`;
}
