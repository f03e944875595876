import { type DescExtension, type DescField, ScalarType } from "@bufbuild/protobuf";

/** The type of a field as a `.proto` writes it, with its label: `repeated string`, `map<string, a.B>`. */
export function fieldType(field: DescField | DescExtension): string {
  switch (field.fieldKind) {
    case "scalar":
      return optional(field, scalarName(field.scalar));
    case "enum":
      return optional(field, field.enum.typeName);
    case "message":
      return field.message.typeName;
    case "list":
      return `repeated ${elementType(field)}`;
    case "map":
      return `map<${scalarName(field.mapKey)}, ${elementType(field)}>`;
  }
}

function elementType(
  field: { readonly scalar?: ScalarType | undefined } & Pick<DescField, "enum" | "message">,
): string {
  return field.message?.typeName ?? field.enum?.typeName ?? scalarName(field.scalar as ScalarType);
}

function optional(field: DescField | DescExtension, type: string): string {
  return field.proto.proto3Optional ? `optional ${type}` : type;
}

function scalarName(type: ScalarType): string {
  return ScalarType[type].toLowerCase();
}
