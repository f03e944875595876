import type { DescMethod } from "@bufbuild/protobuf";
import type { Printable } from "@bufbuild/protoplugin";
import { streamsRequests, streamsResponses } from "../rpc/streaming.js";
import { docComment, shortComment } from "./doc-comment.js";
import type { GeneratedNames } from "./generated-names.js";
import type { Generation } from "./generation.js";

/** What a server has to provide for a service, with what the `.proto` says about each method, and the function that adds it. */
export function generateServer(generation: Generation): void {
  if (generation.target !== "js") generateInterface(generation);
  generateRegister(generation);
}

function generateInterface({ f, service, names, own, positions }: Generation): void {
  f.print(
    f.jsDoc(shortComment(`What a server provides for ${service.typeName}: a function for each method.`, service)),
  );
  f.print(f.export("interface", names.implementation), " {", service.methods.length === 0 ? "}" : "");
  for (const method of service.methods) {
    f.print(f.jsDoc(docComment(method, positions), "  "));
    // A property, not a method: only so are the parameters of a handler compared strictly.
    f.print("  readonly ", method.localName, ": (", ...signature(method, own), ";");
  }
  if (service.methods.length > 0) f.print("}");
  f.print();
}

function signature(method: DescMethod, own: GeneratedNames): Printable[] {
  const request = own.shape(method.input);
  const response: Printable = [own.messageInit, "<typeof ", own.descriptor(method.output, "type"), ">"];
  const receivesOne = !streamsRequests(method);
  const sendsOne = !streamsResponses(method);
  return [
    ...(receivesOne ? ["request: ", request] : ["requests: ", own.own("AsyncIterable"), "<", request, ">"]),
    ", context: ",
    own.pinwire("HandlerContext", "type"),
    ") => ",
    sendsOne ? own.pinwire("Awaitable", "type") : own.own("AsyncIterable"),
    "<",
    response,
    ">",
  ];
}

function generateRegister({ f, target, service, names, own }: Generation): void {
  const server = own.own("server");
  const implementation = own.own("implementation");
  const name = f.export(target === "dts" ? "declare function" : "function", names.register);
  f.print(f.jsDoc(shortComment(`Adds ${service.typeName} to a server that does not listen yet.`, service)));
  if (target === "js") {
    f.print(name, "(", server, ", ", implementation, ") {");
  } else {
    const type = own.pinwire("Server", "type");
    const parameters = ["(", server, ": ", type, ", ", implementation, ": ", names.implementation, "): ", type];
    f.print(name, ...parameters, target === "dts" ? ";" : " {");
    if (target === "dts") return;
  }
  f.print("  return ", server, ".service(", own.descriptor(service, "value"), ", ", implementation, ", {");
  f.print("    contracts: ", names.methods, ",");
  f.print("  });");
  f.print("}");
}
