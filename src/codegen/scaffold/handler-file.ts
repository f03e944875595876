import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { formatted } from "../layout.js";
import type { ServiceNames } from "../service-names.js";
import type { HandlersObject } from "./handlers-object.js";

/** What a file of handlers is about, and where what it imports is. */
export interface HandlerFile {
  readonly service: DescService;
  readonly names: ServiceNames;
  /** The generated file, as the file of handlers has to import it. */
  readonly generated: string;
}

const pinwire = JSON.stringify("pinwire");

/** The text of a new file: every handler there, none of them written. */
export function newHandlerFile({ service, names, generated }: HandlerFile): string {
  return formatted(
    [
      ...(service.methods.length > 0 ? [`import { RpcError, Status } from ${pinwire};`] : []),
      `import type { ${names.implementation} } from ${JSON.stringify(generated)};`,
      "",
      mark(service),
      "// New methods are added below by `pinwire scaffold`; what is here is left as it is.",
      `export const ${handlersName(names)}: ${names.implementation} = {`,
      ...service.methods.flatMap((method) => handler(method, "  ")),
      "};",
      "",
    ].join("\n"),
  ).replace("= {\n};", "= {};");
}

/** The text of a file with handlers for more methods, and all else as it is. */
export function addHandlers(text: string, object: HandlersObject, methods: readonly DescMethod[]): string {
  const indentation = indentationAt(text, object.handlers[0]?.start) ?? "  ";
  const added = methods.flatMap((method) => handler(method, indentation)).join("\n");
  const outer = indentationAt(text, object.close) ?? "";
  const comma = object.missingComma;
  const upTo =
    comma === undefined ? text.slice(0, object.close) : `${text.slice(0, comma)},${text.slice(comma, object.close)}`;
  return addImports(`${upTo.trimEnd()}\n${formatted(added)}\n${outer}${text.slice(object.close)}`);
}

/** A line that says whose handlers these are; {@link readMark} reads it. */
function mark(service: DescService): string {
  return `// The handlers of ${service.typeName}, ${service.file.proto.name}.`;
}

/** The service that a file was written for, if it says so, and where. */
export function readMark(text: string): { service: string; file: string; line: number } | undefined {
  const found = /^\/\/ The handlers of ([\w.]+), (.+)\.$/m.exec(text);
  const [, service, file] = found ?? [];
  if (found === null || service === undefined || file === undefined) return undefined;
  return { service, file, line: text.slice(0, found.index).split("\n").length };
}

function handlersName({ methods }: ServiceNames): string {
  return methods.replace(/Methods$/, "Handlers");
}

function handler(method: DescMethod, indentation: string): string[] {
  const requests = method.methodKind === "unary" || method.methodKind === "server_streaming" ? "_request" : "_requests";
  const streams = method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming";
  const message = JSON.stringify(`${method.parent.typeName}/${method.name} is not written yet`);
  return [
    ...(streams ? [`  // A stream of responses: async *${method.localName}(…) { yield … }`] : []),
    `  ${method.localName}(${requests}, _context) {`,
    `    throw new RpcError(Status.UNIMPLEMENTED, ${message});`,
    "  },",
  ].map((line) => indentation + line.slice(2));
}

/** What the new handlers need; whoever wrote all the others may have removed it. */
function addImports(text: string): string {
  const missing = ["RpcError", "Status"].filter((name) => {
    return !new RegExp(`^import\\s*\\{[^}]*\\b${name}\\b[^}]*\\}\\s*from\\s*["']pinwire["']`, "m").test(text);
  });
  if (missing.length === 0) return text;
  const first = text.search(/^import\b/m);
  const at = first < 0 ? 0 : first;
  return `${text.slice(0, at)}import { ${missing.join(", ")} } from ${pinwire};\n${text.slice(at)}`;
}

/** The spaces that the line of a position begins with, when nothing else stands before it. */
function indentationAt(text: string, position: number | undefined): string | undefined {
  if (position === undefined) return undefined;
  const line = text.slice(text.lastIndexOf("\n", position - 1) + 1, position);
  return /^[ \t]*/.exec(line)?.[0];
}
