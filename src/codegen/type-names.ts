import type { AnyDesc, DescEnum, DescFile, DescMessage } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import { safeIdentifier } from "@bufbuild/protoplugin";

/** What protoc-gen-es calls the things of one file. */
export interface TypeNames {
  /** The type of a message or enum. */
  readonly shapes: ReadonlyMap<AnyDesc, string>;
  /** The descriptor of the file or of anything in it. */
  readonly descriptors: ReadonlyMap<AnyDesc, string>;
}

const known = new WeakMap<DescFile, TypeNames>();

/**
 * The names that protoc-gen-es gives, by its rules: types choose before descriptors, each kind in the order of the file, and who
 * comes too late gets a sign that no name in a `.proto` can have. protoplugin knows them too, but works all of a file's names
 * out again for each that is asked for, which takes a minute for two thousand methods.
 */
export function typeNames(file: DescFile): TypeNames {
  let names = known.get(file);
  if (names === undefined) {
    names = choose(file);
    known.set(file, names);
  }
  return names;
}

type Named = ReturnType<typeof nestedTypes> extends Iterable<infer T> ? T : never;

function choose(file: DescFile): TypeNames {
  const taken = new Set<string>();
  const free = (name: string): string => {
    let candidate = safeIdentifier(name);
    for (let i = 0; taken.has(candidate); i++) candidate = safeIdentifier(`${name}$${i === 0 ? "" : i}`);
    taken.add(candidate);
    return candidate;
  };
  const types = [...nestedTypes(file)];
  const shapes = new Map<AnyDesc, string>();
  const descriptors = new Map<AnyDesc, string>();
  for (const type of types) if (hasShape(type)) shapes.set(type, free(identifier(type)));
  descriptors.set(file, free(`file_${file.name.replace(/[^a-zA-Z0-9_]+/g, "_")}`));
  for (const type of types) descriptors.set(type, free(identifier(type) + (hasShape(type) ? "Schema" : "")));
  return { shapes, descriptors };
}

function hasShape(type: Named): type is DescMessage | DescEnum {
  return type.kind === "message" || type.kind === "enum";
}

/** `Outer.Inner` without the package, as `Outer_Inner`. */
function identifier({ typeName, file }: Named): string {
  const { package: name } = file.proto;
  return typeName.slice(name === "" ? 0 : name.length + 1).replaceAll(".", "_");
}
