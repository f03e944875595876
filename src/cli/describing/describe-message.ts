import type { DescEnum, DescExtension, DescField, DescMessage } from "@bufbuild/protobuf";
import { commentsOn } from "./comments.js";
import type { Description } from "./description.js";
import { fieldType } from "./field-type.js";

/** A message as its `.proto` has it, with what is declared in it. */
export function describeMessage(message: DescMessage): Description {
  const { typeName: name, nestedMessages, nestedEnums } = message;
  const nested = [...nestedEnums.map(describeEnum), ...nestedMessages.map(describeMessage)];
  return {
    json: { kind: "message", name, fields: message.fields.map(fieldJson), nested: nested.map(({ json }) => json) },
    lines: [
      ...commentsOn(message),
      `message ${name} {`,
      ...message.members.flatMap((member) => {
        if (member.kind === "field") return indent(fieldLines(member));
        return indent([`oneof ${member.name} {`, ...indent(member.fields.flatMap(fieldLines)), "}"]);
      }),
      ...nested.flatMap(({ lines }) => ["", ...indent(lines)]),
      "}",
    ],
  };
}

export function describeEnum(desc: DescEnum): Description {
  const values = desc.values.map(({ name, number }) => ({ name, number }));
  return {
    json: { kind: "enum", name: desc.typeName, values },
    lines: [
      ...commentsOn(desc),
      `enum ${desc.typeName} {`,
      ...desc.values.flatMap((value) => indent([...commentsOn(value), `${value.name} = ${value.number};`])),
      "}",
    ],
  };
}

export function describeExtension(extension: DescExtension): Description {
  const { typeName: name, number, extendee } = extension;
  const type = fieldType(extension);
  return {
    json: { kind: "extension", name, extends: extendee.typeName, number, type },
    lines: [`extend ${extendee.typeName} {`, `  ${type} ${name} = ${number};`, "}"],
  };
}

export function indent(lines: readonly string[]): string[] {
  return lines.map((line) => (line === "" ? "" : `  ${line}`));
}

function fieldJson(field: DescField): object {
  const { name, jsonName, number, oneof } = field;
  return {
    name,
    jsonName,
    number,
    type: fieldType(field),
    oneof: oneof?.name,
    redacted: isRedacted(field) || undefined,
  };
}

function fieldLines(field: DescField): string[] {
  const options = [
    ...(field.deprecated ? ["deprecated = true"] : []),
    ...(isRedacted(field) ? ["debug_redact = true"] : []),
  ];
  const suffix = options.length === 0 ? "" : ` [${options.join(", ")}]`;
  return [...commentsOn(field), `${fieldType(field)} ${field.name} = ${field.number}${suffix};`];
}

function isRedacted({ proto }: DescField): boolean {
  return proto.options?.debugRedact === true;
}
