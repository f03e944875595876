import type { DescEnum, DescEnumValue, DescField, DescMessage, DescMethod, DescService } from "@bufbuild/protobuf";

type Commented = DescService | DescMethod | DescMessage | DescField | DescEnum | DescEnumValue;

/** What the author wrote above a declaration, as lines of proto; none when the descriptors come without comments. */
export function commentsOn(desc: Commented): string[] {
  const info = fileOf(desc).proto.sourceCodeInfo;
  if (info === undefined) return [];
  const path = pathOf(desc).join();
  const text = info.location.find((each) => each.path.join() === path)?.leadingComments ?? "";
  return text === ""
    ? []
    : text
        .replace(/\n$/, "")
        .split("\n")
        .map((line) => `//${line}`.trimEnd());
}

function fileOf(desc: Commented) {
  return "file" in desc ? desc.file : desc.parent.file;
}

/** Where a declaration stands in its file: field numbers of descriptor.proto, and indices. */
function pathOf(desc: Commented): number[] {
  switch (desc.kind) {
    case "service":
      return [6, indexOf(desc.file.proto.service, desc.proto)];
    case "rpc":
      return [...pathOf(desc.parent), 2, indexOf(desc.parent.proto.method, desc.proto)];
    case "message":
      return desc.parent === undefined
        ? [4, indexOf(desc.file.proto.messageType, desc.proto)]
        : [...pathOf(desc.parent), 3, indexOf(desc.parent.proto.nestedType, desc.proto)];
    case "enum":
      return desc.parent === undefined
        ? [5, indexOf(desc.file.proto.enumType, desc.proto)]
        : [...pathOf(desc.parent), 4, indexOf(desc.parent.proto.enumType, desc.proto)];
    case "field":
      return [...pathOf(desc.parent), 2, indexOf(desc.parent.proto.field, desc.proto)];
    case "enum_value":
      return [...pathOf(desc.parent), 2, indexOf(desc.parent.proto.value, desc.proto)];
  }
}

function indexOf<T>(all: readonly T[], one: T): number {
  return all.indexOf(one);
}
