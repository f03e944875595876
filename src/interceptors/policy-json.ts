/** A JSON value that knows where it stands. */
export type JsonNode = { readonly at: number } & (
  | { readonly kind: "object"; readonly members: ReadonlyMap<string, JsonMember> }
  | { readonly kind: "list"; readonly items: readonly JsonNode[] }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "other"; readonly name: string }
);

export interface JsonMember {
  readonly keyAt: number;
  readonly value: JsonNode;
}

/** Why a text is not JSON, and where. */
export class JsonFault extends Error {
  readonly at: number;

  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

/** No policy is nested deeper; a text that is would use up the stack. */
const maxDepth = 16;

/**
 * Reads JSON (RFC 8259) and keeps the place of each value, for messages. Stricter than `JSON.parse` in one thing: of two
 * equal keys the second would silently replace the first.
 *
 * @throws JsonFault
 */
export function readJson(text: string): JsonNode {
  const reader = new Reader(text);
  const node = reader.value(0);
  reader.end();
  return node;
}

/** Line and column of a place, both from 1. */
export function lineAndColumn(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at);
  return { line: before.split("\n").length, column: at - before.lastIndexOf("\n") };
}

const space = /[ \t\r\n]*/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const literal = /true|false|null/y;

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): JsonNode {
    this.#take(space);
    const at = this.#at;
    if (depth > maxDepth) throw new JsonFault(at, `it is nested more than ${maxDepth} deep`);
    switch (this.#text[at]) {
      case "{":
        return { at, kind: "object", members: this.#members(depth) };
      case "[":
        return { at, kind: "list", items: this.#items(depth) };
      case '"':
        return { at, kind: "text", text: this.#string() };
    }
    if (this.#take(literal) !== "" || this.#take(number) !== "") {
      return { at, kind: "other", name: this.#text.slice(at, this.#at) };
    }
    throw new JsonFault(at, at >= this.#text.length ? "it ends too early" : "it is not JSON");
  }

  end(): void {
    this.#take(space);
    if (this.#at < this.#text.length) throw new JsonFault(this.#at, "there is something after its end");
  }

  #members(depth: number): Map<string, JsonMember> {
    const members = new Map<string, JsonMember>();
    this.#each("}", () => {
      const keyAt = this.#at;
      const key = this.#string();
      if (members.has(key)) throw new JsonFault(keyAt, `the key ${JSON.stringify(key.slice(0, 100))} occurs twice`);
      this.#take(space);
      this.#expect(":");
      members.set(key, { keyAt, value: this.value(depth + 1) });
    });
    return members;
  }

  #items(depth: number): JsonNode[] {
    const items: JsonNode[] = [];
    this.#each("]", () => items.push(this.value(depth + 1)));
    return items;
  }

  #each(close: string, read: () => void): void {
    this.#at += 1;
    this.#take(space);
    if (this.#text[this.#at] !== close) {
      for (;;) {
        this.#take(space);
        read();
        this.#take(space);
        if (this.#text[this.#at] !== ",") break;
        this.#at += 1;
      }
    }
    this.#expect(close);
  }

  #string(): string {
    const at = this.#at;
    if (this.#text[at] !== '"') throw new JsonFault(at, "a text in double quotes is expected here");
    let end = at + 1;
    while (end < this.#text.length && this.#text[end] !== '"') end += this.#text[end] === "\\" ? 2 : 1;
    this.#at = end + 1;
    try {
      return JSON.parse(this.#text.slice(at, end + 1)) as string;
    } catch {
      throw new JsonFault(at, "this text has no end, or holds what JSON wants escaped");
    }
  }

  #expect(character: string): void {
    if (this.#text[this.#at] !== character)
      throw new JsonFault(this.#at, `${JSON.stringify(character)} is expected here`);
    this.#at += 1;
  }

  #take(what: RegExp): string {
    what.lastIndex = this.#at;
    const taken = what.exec(this.#text)?.[0] ?? "";
    this.#at += taken.length;
    return taken;
  }
}
