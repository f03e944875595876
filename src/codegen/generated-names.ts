import type { GeneratedFile, Printable } from "@bufbuild/protoplugin";

/** The names that generated code uses beside those of the schema. A message may be called the same; then its import gets another name. */
export interface GeneratedNames {
  /** From pinwire. */
  readonly pinwire: (name: string, kind: "type" | "value") => Printable;
  /** From the runtime of protobuf. */
  readonly messageInit: Printable;
  /** What every file of TypeScript can see, or a parameter of a generated function. */
  readonly own: (name: string) => Printable;
}

/** @param path the generated file, without its extension */
export function generatedNames(f: GeneratedFile, path: string): GeneratedNames {
  return {
    pinwire: (name, kind) => f.import(name, "pinwire", kind === "type"),
    messageInit: f.import("MessageInitShape", "@bufbuild/protobuf", true),
    // A symbol of the file itself is not imported, but its name is taken.
    own: (name) => f.import(name, `./${path}.js`),
  };
}
