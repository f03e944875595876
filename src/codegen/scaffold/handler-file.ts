import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { methodName } from "../../rpc/method-path.js";
import { streamsRequests, streamsResponses } from "../../rpc/streaming.js";
import { formatted } from "../layout.js";
import type { ServiceNames } from "../service-names.js";
import type { HandlersObject } from "./handlers-object.js";
import { type PinwireNames, pinwireNames, usualNames } from "./pinwire-names.js";

/** What a file of handlers is about, and where what it imports is. */
export interface HandlerFile {
  readonly service: DescService;
  readonly names: ServiceNames;
  /** The generated file, as the file of handlers has to import it. */
  readonly generated: string;
}

/** The text of a new file: every handler there, none of them written. */
export function newHandlerFile({ service, names, generated }: HandlerFile): string {
  return formatted(
    [
      ...(service.methods.length > 0 ? [usualNames.missing] : []),
      `import type { ${names.implementation} } from ${JSON.stringify(generated)};`,
      "",
      mark(service),
      "// New methods are added below by `pinwire scaffold`; what is here is left as it is.",
      `export const ${handlersName(names)}: ${names.implementation} = {`,
      ...service.methods.flatMap((method) => handler(method, "  ", usualNames)),
      "};",
      "",
    ].join("\n"),
  ).replace("= {\n};", "= {};");
}

/** The text of a file with handlers for more methods, and all else as it is. */
export function addHandlers(text: string, object: HandlersObject, methods: readonly DescMethod[]): string {
  const names = pinwireNames(text, object.open);
  const lineEnd = /\r?\n/.exec(text)?.[0] ?? "\n";
  const indentation = indentationAt(text, object.handlers[0]?.start) ?? "  ";
  const added = formatted(methods.flatMap((method) => handler(method, indentation, names)).join("\n"));
  const outer = indentationAt(text, object.close) ?? "";
  const comma = object.missingComma;
  const upTo =
    comma === undefined ? text.slice(0, object.close) : `${text.slice(0, comma)},${text.slice(comma, object.close)}`;
  const lines = ["", ...added.split("\n"), outer].join(lineEnd);
  const whole = `${upTo.trimEnd()}${lines}${text.slice(object.close)}`;
  return names.missing === "" ? whole : `${whole.slice(0, names.at)}${names.missing}${lineEnd}${whole.slice(names.at)}`;
}

/** A line that says whose handlers these are; {@link readMark} reads it. */
function mark(service: DescService): string {
  return `// The handlers of ${service.typeName}, ${markedName(service.file.proto.name)}.`;
}

/** The name of a file as a mark has it, in ASCII on one line: what a name in foreign descriptors holds must not become code. */
export function markedName(fileName: string): string {
  return fileName.toWellFormed().replace(/[^ -~]+/g, encodeURIComponent);
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

function handler(method: DescMethod, indentation: string, { rpcError, status }: PinwireNames): string[] {
  const requests = streamsRequests(method) ? "_requests" : "_request";
  const message = JSON.stringify(`${methodName(method)} is not written yet`);
  return [
    ...(streamsResponses(method) ? [`  // A stream of responses: async *${method.localName}(…) { yield … }`] : []),
    `  ${method.localName}(${requests}, _context) {`,
    `    throw new ${rpcError}(${status}.UNIMPLEMENTED, ${message});`,
    "  },",
  ].map((line) => indentation + line.slice(2));
}

/** The spaces that the line of a position begins with, when nothing else stands before it. */
function indentationAt(text: string, position: number | undefined): string | undefined {
  if (position === undefined) return undefined;
  const line = text.slice(text.lastIndexOf("\n", position - 1) + 1, position);
  return /^[ \t]*/.exec(line)?.[0];
}
