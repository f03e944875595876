import type { DescMessage, DescService } from "@bufbuild/protobuf";
import type { GeneratedFile, ImportSymbol, Printable } from "@bufbuild/protoplugin";
import { typeNames } from "./type-names.js";

/** The names that generated code uses. Two that are the same, say a message and something of pinwire, are imported apart. */
export interface GeneratedNames {
  /** From pinwire. */
  readonly pinwire: (name: string, kind: "type" | "value") => Printable;
  /** From the runtime of protobuf. */
  readonly messageInit: Printable;
  /** The type of a message. */
  readonly shape: (message: DescMessage) => Printable;
  /** The descriptor of a message or service; as a type, what `typeof` takes. */
  readonly descriptor: (desc: DescMessage | DescService, kind: "type" | "value") => Printable;
  /** What every file of TypeScript can see, or a parameter of a generated function. */
  readonly own: (name: string) => Printable;
}

/** @param path the generated file, without its extension */
export function generatedNames(f: GeneratedFile, path: string): GeneratedNames {
  const from = importPaths(f);
  return {
    pinwire: (name, kind) => f.import(name, "pinwire", kind === "type"),
    messageInit: f.import("MessageInitShape", "@bufbuild/protobuf", true),
    shape: (message) => imported(f, typeNames(message.file).shapes.get(message), from(message), true),
    descriptor: (desc, kind) => {
      return imported(f, typeNames(desc.file).descriptors.get(desc), from(desc), kind === "type");
    },
    // A symbol of the file itself is not imported, but its name is taken.
    own: (name) => f.import(name, `./${path}.js`),
  };
}

function imported(f: GeneratedFile, name: string | undefined, from: string, typeOnly: boolean): ImportSymbol {
  if (name === undefined) throw new Error(`a type of ${from} is not in its file`);
  return f.import(name, from, typeOnly);
}

/** Where a file's types come from, by the options for imports; worked out once per file. */
function importPaths(f: GeneratedFile): (desc: DescMessage | DescService) => string {
  const paths = new Map<unknown, string>();
  return ({ file }) => {
    const path = paths.get(file) ?? f.importSchema(file).from;
    paths.set(file, path);
    return path;
  };
}
