import type { DescMethod } from "@bufbuild/protobuf";
import type { Printable } from "@bufbuild/protoplugin";
import { streamsRequests, streamsResponses } from "../rpc/streaming.js";
import { docComment, shortComment } from "./doc-comment.js";
import type { GeneratedNames } from "./generated-names.js";
import type { Generation } from "./generation.js";

/** The interface of a client, with what the `.proto` says about each method, and the function that makes one. */
export function generateClient(generation: Generation): void {
  if (generation.target !== "js") generateInterface(generation);
  generateFactory(generation);
}

function generateInterface({ f, service, names, own, positions }: Generation): void {
  f.print(f.jsDoc(docComment(service, positions)));
  f.print(f.export("interface", names.client), " extends ", own.own("AsyncDisposable"), " {");
  for (const method of service.methods) {
    f.print(f.jsDoc(docComment(method, positions), "  "));
    // A property: a method called `new` would be taken for a constructor.
    f.print("  readonly ", method.localName, ": (", ...signature(method, own), ";");
  }
  // A method of the service goes before ours; `await using` and Symbol.asyncDispose are always there.
  if (!service.methods.some(({ localName }) => localName === "close")) {
    f.print(f.jsDoc("Closes the channel, unless it was handed to this client.", "  "));
    f.print("  readonly close: () => ", own.own("Promise"), "<void>;");
  }
  f.print("}");
  f.print();
}

function signature(method: DescMethod, own: GeneratedNames): Printable[] {
  const init: Printable = [own.messageInit, "<typeof ", own.descriptor(method.input, "type"), ">"];
  const sendsOne = !streamsRequests(method);
  const receivesOne = !streamsResponses(method);
  return [
    ...(sendsOne ? ["request: ", init] : ["requests: ", own.pinwire("Requests", "type"), "<", init, ">"]),
    ", options?: ",
    own.pinwire("CallOptions", "type"),
    ") => ",
    own.own(receivesOne ? "Promise" : "AsyncIterable"),
    "<",
    own.shape(method.output),
    ">",
  ];
}

function generateFactory({ f, target, service, names, own }: Generation): void {
  const argument = own.own("target");
  const withItsOwn = f.jsDoc(shortComment(`Makes a client of ${service.typeName} with a channel of its own.`, service));
  if (target === "js") {
    f.print(withItsOwn);
    f.print(f.export("function", names.createClient), "(...", argument, ") {");
  } else {
    const name = f.export(target === "ts" ? "function" : "declare function", names.createClient);
    const clientOptions = own.pinwire("ClientOptions", "type");
    f.print(withItsOwn);
    f.print(name, "(options: ", own.pinwire("ChannelOptions", "type"), " & ", clientOptions, "): ", names.client, ";");
    f.print(f.jsDoc(shortComment("Makes a client on a channel that others may share.", service)));
    f.print(name, "(channel: ", own.pinwire("Channel", "type"), ", options: ", clientOptions, "): ", names.client, ";");
    if (target === "dts") return;
    f.print(name, "(...", argument, ": ", own.pinwire("ClientTarget", "type"), "): ", names.client, " {");
  }
  const make = own.pinwire("generatedClient", "value");
  f.print("  return ", make, "(", own.descriptor(service, "value"), ", ", names.methods, ", ", argument, ");");
  f.print("}");
}
