import { createHash } from "node:crypto";
import type { DescField, DescMessage, DescMethod } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";

/**
 * Eight bytes that are the same on both ends when they mean the same messages: a SHA-256 over everything about a method's
 * messages that matters on the wire. Names of fields do not, but a renamed field is most often another field.
 */
export function schemaFingerprint(method: DescMethod): Buffer {
  const hash = createHash("sha256");
  const seen = new Set<string>();
  hash.update(`${method.methodKind}\n`);
  for (const message of [method.input, method.output])
    describeMessage(message, seen, (line) => hash.update(`${line}\n`));
  return hash.digest().subarray(0, 8);
}

function describeMessage(message: DescMessage, seen: Set<string>, write: (line: string) => void): void {
  if (seen.has(message.typeName)) return;
  seen.add(message.typeName);
  write(`message ${message.typeName}`);
  const fields = [...message.fields].sort((a, b) => a.number - b.number);
  for (const field of fields) write(describeField(field));
  for (const field of fields) if (field.message !== undefined) describeMessage(field.message, seen, write);
}

function describeField(field: DescField): string {
  const type = field.message?.typeName ?? field.enum?.typeName ?? field.scalar;
  const key = field.fieldKind === "map" ? `map<${field.mapKey}>` : "";
  const list = field.fieldKind === "list" ? "repeated" : "";
  const required = field.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED ? "required" : "";
  const kind = "delimitedEncoding" in field && field.delimitedEncoding ? "group" : field.fieldKind;
  return `${field.number} ${field.name} ${list}${key}${required} ${kind} ${type}`;
}
