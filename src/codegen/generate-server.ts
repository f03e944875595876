import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { GeneratedFile, Printable } from "@bufbuild/protoplugin";
import { docComment, shortComment } from "./doc-comment.js";
import type { GeneratedNames } from "./generated-names.js";
import type { ServiceNames } from "./service-names.js";
import type { SourcePositions } from "./source-positions.js";

/** What a server has to provide for a service, with what the `.proto` says about each method, and the function that adds it. */
export function generateServer(
  f: GeneratedFile,
  service: DescService,
  names: ServiceNames,
  own: GeneratedNames,
  positions: SourcePositions,
): void {
  f.print(
    f.jsDoc(shortComment(`What a server provides for ${service.typeName}: a function for each method.`, service)),
  );
  if (service.methods.length === 0) {
    f.print(f.export("interface", names.implementation), " {}");
  } else {
    f.print(f.export("interface", names.implementation), " {");
    for (const method of service.methods) {
      f.print(f.jsDoc(docComment(method, positions), "  "));
      // A property, not a method: only so are the parameters of a handler compared strictly.
      f.print("  readonly ", method.localName, ": (", ...signature(f, method, own), ";");
    }
    f.print("}");
  }
  f.print();
  generateRegister(f, service, names, own);
}

function signature(f: GeneratedFile, method: DescMethod, own: GeneratedNames): Printable[] {
  const request = f.importShape(method.input);
  const response: Printable = [own.messageInit, "<typeof ", f.importSchema(method.output, true), ">"];
  const receivesOne = method.methodKind === "unary" || method.methodKind === "server_streaming";
  const sendsOne = method.methodKind === "unary" || method.methodKind === "client_streaming";
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

function generateRegister(f: GeneratedFile, service: DescService, names: ServiceNames, own: GeneratedNames): void {
  const type = own.pinwire("Server", "type");
  const server = own.own("server");
  const implementation = own.own("implementation");
  f.print(f.jsDoc(shortComment(`Adds ${service.typeName} to a server that does not listen yet.`, service)));
  f.print(
    ...[f.export("function", names.register), "(", server, ": ", type, ", "],
    ...[implementation, ": ", names.implementation, "): ", type, " {"],
  );
  f.print("  return ", server, ".service(", f.importSchema(service), ", ", implementation, ", {");
  f.print("    contracts: ", names.methods, ",");
  f.print("  });");
  f.print("}");
}
