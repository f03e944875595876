import { create, createRegistry, type DescMessage, type Message, type Registry, toBinary } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { type Any, AnySchema, anyUnpack, BytesValueSchema } from "@bufbuild/protobuf/wkt";
import type { Schema } from "../schema/schema.js";
import { registryFor } from "./registry-for.js";

/** Beyond this nobody nests, and each level costs a copy of all below it. */
const maxDepth = 32;
/** What the schema is asked for on behalf of one message. */
const maxAsked = 100;

/**
 * Makes a message showable whose `google.protobuf.Any`s hold types that nobody knows: their bytes become a message with
 * one field, `value`. What the schema can still learn it learns first.
 *
 * @returns the registry to show it with
 */
export async function openAnys(desc: DescMessage, message: Message, schema: Schema): Promise<Registry> {
  const opening = new Opening(schema);
  await opening.visit(reflect(desc, message), 0);
  return createRegistry(registryFor(schema), ...opening.opaque.values());
}

/** Whether a message of this type can hold a `google.protobuf.Any` at any depth; most cannot, and are not searched then. */
export function mayHoldAny(desc: DescMessage): boolean {
  let answer = holders.get(desc);
  if (answer === undefined) {
    const reached = new Set([desc]);
    for (const each of reached) for (const field of each.fields) if (field.message) reached.add(field.message);
    answer = [...reached].some(({ typeName }) => typeName === AnySchema.typeName);
    holders.set(desc, answer);
  }
  return answer;
}

const holders = new WeakMap<DescMessage, boolean>();

class Opening {
  /** Stand-ins for the types that stay unknown. */
  readonly opaque = new Map<string, DescMessage>();
  readonly #schema: Schema;
  readonly #asked = new Set<string>();

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  async visit(message: ReflectMessage, depth: number): Promise<void> {
    if (depth > maxDepth) throw new RangeError("too many levels of google.protobuf.Any");
    if (message.desc.typeName === AnySchema.typeName) return this.#open(message.message as Any, depth);
    for (const inner of innerMessages(message)) await this.visit(inner, depth);
  }

  async #open(any: Any, depth: number): Promise<void> {
    if (any.typeUrl === "") return;
    const name = any.typeUrl.slice(any.typeUrl.lastIndexOf("/") + 1);
    const desc = await this.#find(name);
    if (desc === undefined) {
      // What only this type name makes of it: a message whose field `value` has the bytes.
      this.opaque.set(name, { ...BytesValueSchema, typeName: name });
      any.value = toBinary(BytesValueSchema, create(BytesValueSchema, { value: any.value }));
      return;
    }
    const inner = mayHoldAny(desc) ? anyUnpack(any, desc) : undefined;
    if (inner === undefined) return;
    await this.visit(reflect(desc, inner), depth + 1);
    any.value = toBinary(desc, inner);
  }

  async #find(name: string): Promise<DescMessage | undefined> {
    const known = registryFor(this.#schema).getMessage(name);
    if (known !== undefined || this.#asked.has(name) || this.#asked.size >= maxAsked) return known;
    this.#asked.add(name);
    // What cannot be fetched stays unknown, for whatever reason.
    await this.#schema.learn([name]).catch(() => {});
    return registryFor(this.#schema).getMessage(name);
  }
}

function* innerMessages(message: ReflectMessage): Iterable<ReflectMessage> {
  for (const field of message.fields) {
    if (!message.isSet(field) || field.message === undefined) continue;
    if (!mayHoldAny(field.message)) continue;
    if (field.fieldKind === "message") yield message.get(field);
    else if (field.fieldKind === "list") for (const item of message.get(field)) yield item as ReflectMessage;
    else if (field.fieldKind === "map") for (const item of message.get(field).values()) yield item as ReflectMessage;
  }
}
