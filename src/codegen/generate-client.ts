import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { GeneratedFile, Printable } from "@bufbuild/protoplugin";
import { docComment, shortComment } from "./doc-comment.js";
import type { GeneratedNames } from "./generated-names.js";
import type { ServiceNames } from "./service-names.js";
import type { SourcePositions } from "./source-positions.js";

/** The interface of a client, with what the `.proto` says about each method, and the function that makes one. */
export function generateClient(
  f: GeneratedFile,
  service: DescService,
  names: ServiceNames,
  own: GeneratedNames,
  positions: SourcePositions,
): void {
  f.print(f.jsDoc(docComment(service, positions)));
  f.print(f.export("interface", names.client), " extends ", own.own("AsyncDisposable"), " {");
  for (const method of service.methods) {
    f.print(f.jsDoc(docComment(method, positions), "  "));
    // A property: a method called `new` would be taken for a constructor.
    f.print("  readonly ", method.localName, ": (", ...signature(f, method, own), ";");
  }
  // A method of the service goes before ours; `await using` and Symbol.asyncDispose are always there.
  if (!service.methods.some(({ localName }) => localName === "close")) {
    f.print(f.jsDoc("Closes the channel, unless it was handed to this client.", "  "));
    f.print("  readonly close: () => ", own.own("Promise"), "<void>;");
  }
  f.print("}");
  f.print();
  generateFactory(f, service, names, own);
}

function signature(f: GeneratedFile, method: DescMethod, own: GeneratedNames): Printable[] {
  const init: Printable = [own.messageInit, "<typeof ", f.importSchema(method.input, true), ">"];
  const sendsOne = method.methodKind === "unary" || method.methodKind === "server_streaming";
  const receivesOne = method.methodKind === "unary" || method.methodKind === "client_streaming";
  return [
    ...(sendsOne ? ["request: ", init] : ["requests: ", own.pinwire("Requests", "type"), "<", init, ">"]),
    ", options?: ",
    own.pinwire("CallOptions", "type"),
    ") => ",
    own.own(receivesOne ? "Promise" : "AsyncIterable"),
    "<",
    f.importShape(method.output),
    ">",
  ];
}

function generateFactory(f: GeneratedFile, service: DescService, names: ServiceNames, own: GeneratedNames): void {
  const channel = own.pinwire("Channel", "type");
  const channelOptions = own.pinwire("ChannelOptions", "type");
  const clientOptions = own.pinwire("ClientOptions", "type");
  const name = f.export("function", names.createClient);
  f.print(f.jsDoc(shortComment(`Makes a client of ${service.typeName} with a channel of its own.`, service)));
  f.print(name, "(options: ", channelOptions, " & ", clientOptions, "): ", names.client, ";");
  f.print(f.jsDoc(shortComment("Makes a client on a channel that others may share.", service)));
  f.print(name, "(channel: ", channel, ", options: ", clientOptions, "): ", names.client, ";");
  const target = own.own("target");
  f.print(name, "(...", target, ": ", own.pinwire("ClientTarget", "type"), "): ", names.client, " {");
  const make = own.pinwire("generatedClient", "value");
  f.print("  return ", make, "(", f.importSchema(service), ", ", names.methods, ", ", target, ");");
  f.print("}");
}
