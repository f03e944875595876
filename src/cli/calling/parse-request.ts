import { type DescMessage, fromJsonString, type Message, type Registry } from "@bufbuild/protobuf";
import { nearest } from "../../command-line/nearest.js";
import { ConfigError } from "../../errors.js";
import type { Schema } from "../schema/schema.js";
import { registryFor } from "./registry-for.js";

/**
 * A message from its JSON form (https://protobuf.dev/programming-guides/json).
 *
 * @param where the text stands, for messages: `line 3 of standard input`
 * @throws ConfigError ERR_INVALID_JSON
 */
export async function parseRequest(
  desc: DescMessage,
  text: string,
  { schema, where }: { readonly schema: Schema; readonly where: string },
): Promise<Message> {
  assertExact(text, where);
  await schema.learn(typesNamedIn(text));
  const registry = registryFor(schema);
  try {
    return fromJsonString(desc, text, { registry });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError("ERR_INVALID_JSON", `${where} does not fit: ${reason}`, hintFor(reason, desc, registry), {
      cause,
    });
  }
}

/**
 * JSON.parse would round them without a word, and an amount or a key would become its neighbour's. A number with a point
 * or an exponent is meant to be a float, and is as exact as those are.
 */
function assertExact(text: string, where: string): void {
  for (const token of numbersIn(text)) {
    if (token.length < 16 || /[.eE+]|\d-/.test(token) || isExact(token)) continue;
    throw new ConfigError(
      "ERR_INVALID_JSON",
      `${where} does not fit: ${token.slice(0, 40)} has more digits than a number of JSON keeps`,
      `write it as a text: "${token.slice(0, 40)}"`,
    );
  }
}

/** What stands outside the texts and may be a number. Not by one pattern for all: it would not end on a text of megabytes. */
function* numbersIn(text: string): Iterable<string> {
  const next = /["\d-]/g;
  const number = /-?\d[\d.eE+-]*/y;
  for (let found = next.exec(text); found !== null; found = next.exec(text)) {
    number.lastIndex = found.index;
    const token = found[0] === '"' ? undefined : number.exec(text)?.[0];
    if (token !== undefined) yield token;
    if (found[0] === '"') next.lastIndex = endOfText(text, found.index);
    else next.lastIndex = found.index + (token?.length ?? 1);
  }
}

/** The position after the quote that ends the text which begins here. */
function endOfText(json: string, start: number): number {
  for (let quote = json.indexOf('"', start + 1); quote >= 0; quote = json.indexOf('"', quote + 1)) {
    let slashes = 0;
    while (json[quote - 1 - slashes] === "\\") slashes += 1;
    if (slashes % 2 === 0) return quote + 1;
  }
  return json.length;
}

function isExact(digits: string): boolean {
  // Longer ones are no finite number.
  return digits.length <= 309 && Number.isFinite(Number(digits)) && BigInt(digits) === BigInt(Number(digits));
}

/** What is in a `google.protobuf.Any` says its type. */
function typesNamedIn(text: string): string[] {
  const urls = [...text.matchAll(/"@type"\s*:\s*"([^"\\]{1,1024})"/g)].map(([, url = ""]) => url);
  return [...new Set(urls.map((url) => url.slice(url.lastIndexOf("/") + 1)))].slice(0, 100);
}

function hintFor(reason: string, desc: DescMessage, registry: Registry): string {
  const [, typeName, key] = /^cannot decode message (\S+) from JSON: key "(.*)" is unknown$/s.exec(reason) ?? [];
  const message = typeName === undefined ? undefined : registry.getMessage(typeName);
  const near = key === undefined ? [] : nearest(key, message?.fields.map(({ jsonName }) => jsonName) ?? []);
  if (near.length > 0) return `did you mean ${near.join(", ")}?`;
  return `pinwire describe shows the fields of ${typeName ?? desc.typeName}`;
}
