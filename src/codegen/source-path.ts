import type { DescEnum, DescEnumValue, DescField, DescMessage, DescMethod, DescService } from "@bufbuild/protobuf";

/** What can be declared in a `.proto`, and have a comment there. */
export type Declared = DescService | DescMethod | DescMessage | DescField | DescEnum | DescEnumValue;

/** Where a declaration stands in its file: field numbers of descriptor.proto, and indices (SourceCodeInfo.Location.path). */
export function sourcePath(desc: Declared): readonly number[] {
  switch (desc.kind) {
    case "service":
      return [6, indexOf(desc.file.proto.service, desc.proto)];
    case "rpc":
      return [...sourcePath(desc.parent), 2, indexOf(desc.parent.proto.method, desc.proto)];
    case "message":
      return desc.parent === undefined
        ? [4, indexOf(desc.file.proto.messageType, desc.proto)]
        : [...sourcePath(desc.parent), 3, indexOf(desc.parent.proto.nestedType, desc.proto)];
    case "enum":
      return desc.parent === undefined
        ? [5, indexOf(desc.file.proto.enumType, desc.proto)]
        : [...sourcePath(desc.parent), 4, indexOf(desc.parent.proto.enumType, desc.proto)];
    case "field":
      return [...sourcePath(desc.parent), 2, indexOf(desc.parent.proto.field, desc.proto)];
    case "enum_value":
      return [...sourcePath(desc.parent), 2, indexOf(desc.parent.proto.value, desc.proto)];
  }
}

function indexOf<T>(all: readonly T[], one: T): number {
  return all.indexOf(one);
}
