import { type DescMessage, fromJsonString, type Message, type Registry } from "@bufbuild/protobuf";
import { ConfigError } from "../../errors.js";
import { nearest } from "../schema/nearest.js";
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
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g)) {
    if (!/^-?\d{16,}$/.test(token) || isExact(token)) continue;
    throw new ConfigError(
      "ERR_INVALID_JSON",
      `${where} does not fit: ${token.slice(0, 40)} has more digits than a number of JSON keeps`,
      `write it as a text: "${token.slice(0, 40)}"`,
    );
  }
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
