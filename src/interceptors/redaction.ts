import {
  type DescEnum,
  type DescField,
  type DescMessage,
  fromBinary,
  type Message,
  type Registry,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import type { Any } from "@bufbuild/protobuf/wkt";
import { escapeControls } from "../escape-controls.js";
import { scrubText } from "./scrub.js";

/** What a log may hold of a message: JSON values. */
export type Rendered = string | number | boolean | null | Rendered[] | { [name: string]: Rendered };

/** Longer texts are cut, longer lists and deeper messages left out; a record stays a line that a person can read. */
const mostCharacters = 256;
const mostItems = 20;
const mostDepth = 12;
const mostValues = 500;
/** What is in an `Any` has to be decoded once more to be shown. */
const mostAnyBytes = 64 * 1024;

/**
 * Renders a message for a log. Fields, and values of enums, marked `debug_redact` in the schema are `[redacted]` at every
 * depth, also within lists, maps, oneofs and `Any`; bytes become their length; unknown fields and what is in an `Any` of unknown type vanish.
 *
 * @param registry the types that an `Any` may hold; one that is not there shows only its name
 */
export function renderRedacted(desc: DescMessage, message: Message, registry: Registry): Rendered {
  return new Rendering(registry).message(reflect(desc, message), 0);
}

class Rendering {
  readonly #registry: Registry;
  #values = 0;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  message(message: ReflectMessage, depth: number): Rendered {
    if (depth >= mostDepth) return "[too deep]";
    if (message.desc.typeName === "google.protobuf.Any") return this.#any(message.message as Any, depth);
    const rendered: { [name: string]: Rendered } = {};
    for (const field of message.fields) {
      if (!message.isSet(field)) continue;
      if (this.#values++ >= mostValues) return { ...rendered, "…": "[too much]" };
      put(rendered, field.name, isRedacted(field) ? "[redacted]" : this.#field(message, field, depth));
    }
    return rendered;
  }

  #field(message: ReflectMessage, field: DescField, depth: number): Rendered {
    switch (field.fieldKind) {
      case "list":
        return this.#list(message.get(field), field, depth);
      case "map":
        return this.#map(message.get(field), field, depth);
      case "message":
        return this.message(message.get(field), depth + 1);
      default:
        return scalar(message.get(field), field);
    }
  }

  #list(list: Iterable<unknown> & { size: number }, field: DescField & { fieldKind: "list" }, depth: number): Rendered {
    const rendered: Rendered[] = [];
    for (const item of list) {
      if (rendered.length >= mostItems || this.#values++ >= mostValues) {
        rendered.push(`[${list.size - rendered.length} more]`);
        break;
      }
      rendered.push(field.message ? this.message(item as ReflectMessage, depth + 1) : scalar(item, field));
    }
    return rendered;
  }

  #map(map: Iterable<[unknown, unknown]> & { size: number }, field: DescField & { fieldKind: "map" }, depth: number) {
    const rendered: { [name: string]: Rendered } = {};
    let count = 0;
    for (const [key, item] of map) {
      if (count++ >= mostItems || this.#values++ >= mostValues) {
        rendered["…"] = `[${map.size - count + 1} more]`;
        break;
      }
      const value = field.message ? this.message(item as ReflectMessage, depth + 1) : scalar(item, field);
      put(rendered, escapeControls(scrubText(cut(String(key)))), value);
    }
    return rendered;
  }

  /** What is inside is rendered by its own schema, so that its redacted fields are redacted, too. */
  #any(any: Any, depth: number): Rendered {
    const type = cut(any.typeUrl);
    const desc = this.#registry.getMessage(any.typeUrl.slice(any.typeUrl.lastIndexOf("/") + 1));
    if (desc === undefined || any.value.length > mostAnyBytes) return { "@type": type };
    let inner: Message;
    try {
      // Unknown fields would not be shown, and cost a hundred times their size.
      inner = fromBinary(desc, any.value, { readUnknownFields: false });
    } catch {
      // Not what its name says; nothing of it is shown.
      return { "@type": type };
    }
    return { "@type": type, value: this.message(reflect(desc, inner), depth + 1) };
  }
}

function isRedacted(field: DescField): boolean {
  return field.proto.options?.debugRedact === true;
}

function scalar(value: unknown, field: DescField): Rendered {
  if (value instanceof Uint8Array) return `[${value.length} bytes]`;
  if (typeof value === "bigint") return String(value);
  if (typeof value === "string") return cut(value);
  if (field.enum !== undefined) return nameOf(field.enum, Number(value));
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  return value === true;
}

/** A value of several names is nobody's business if one of them says so. */
function nameOf({ value, values }: DescEnum, number: number): Rendered {
  for (const each of values) {
    if (each.number === number && each.proto.options?.debugRedact === true) return "[redacted]";
  }
  return value[number]?.name ?? number;
}

/** A map may have a key that is the name of a prototype. */
function put(rendered: { [name: string]: Rendered }, name: string, value: Rendered): void {
  Object.defineProperty(rendered, name, { value, enumerable: true, configurable: true, writable: true });
}

function cut(text: string): string {
  return text.length <= mostCharacters ? text : `${text.slice(0, mostCharacters)}… [${text.length} characters]`;
}
