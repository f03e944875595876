import { ConfigError } from "../errors.js";
import { quote } from "../identity/quote.js";
import { JsonFault, type JsonNode, lineAndColumn, readJson } from "./policy-json.js";

interface Origin {
  readonly text: string;
  readonly source: string;
}

/** A value of a file in JSON, with its path for messages. */
export class DocumentNode {
  readonly #node: JsonNode;
  readonly #origin: Origin;
  /** As in `allow_rules[0].request.paths[1]`; empty for the whole. */
  readonly path: string;

  private constructor(node: JsonNode, path: string, origin: Origin) {
    this.#node = node;
    this.path = path;
    this.#origin = origin;
  }

  /** @param source the name of the file, for messages @throws ConfigError ERR_POLICY_INVALID when it is not JSON */
  static parse(text: string, source: string): DocumentNode {
    try {
      return new DocumentNode(readJson(text), "", { text, source });
    } catch (error) {
      if (!(error instanceof JsonFault)) throw error;
      const { line, column } = lineAndColumn(text, error.at);
      const problem = `${source}:${line}:${column}: ${error.message}`;
      throw new ConfigError("ERR_POLICY_INVALID", problem, "correct the JSON at this place");
    }
  }

  /** Fails on a field that is not known: skipping what it asks for could open what it was to close (A43). */
  onlyFields(known: readonly string[], hint: string): void {
    for (const [key, { keyAt }] of this.#members()) {
      if (!known.includes(key)) throw this.#faultAt(keyAt, `unknown field ${quote(key)}`, hint);
    }
  }

  optional(field: string): DocumentNode | undefined {
    const member = this.#members().get(field);
    return member && this.#field(field, member.value);
  }

  /** All fields, whatever their names. */
  fields(): (readonly [name: string, value: DocumentNode])[] {
    return [...this.#members()].map(([name, { value }]) => [name, this.#field(name, value)]);
  }

  required(field: string, hint = `add ${quote(field)}`): DocumentNode {
    const node = this.optional(field);
    if (node === undefined) throw this.fault(`has no ${quote(field)}`, hint);
    return node;
  }

  items(): DocumentNode[] {
    if (this.#node.kind !== "list") throw this.fault("is not a list", "write it in [ ]");
    return this.#node.items.map((item, index) => this.#child(item, `${this.path}[${index}]`));
  }

  /** An empty list where A43 takes it for "anything" is a hole that looks like a lock. */
  nonEmptyItems(hint: string): DocumentNode[] {
    const items = this.items();
    if (items.length === 0) throw this.fault("is empty", hint);
    return items;
  }

  get text(): string {
    if (this.#node.kind !== "text") throw this.fault("is not a text", "write it in double quotes");
    return this.#node.text;
  }

  nonEmptyText(hint: string): string {
    const { text } = this;
    if (text.trim() === "") throw this.fault("is empty", hint);
    return text;
  }

  fault(problem: string, hint: string): ConfigError {
    return this.#faultAt(this.#node.at, problem, hint);
  }

  #members() {
    if (this.#node.kind !== "object") throw this.fault("is not an object", "write it in { }");
    return this.#node.members;
  }

  #field(name: string, value: JsonNode): DocumentNode {
    return this.#child(value, this.path === "" ? name : `${this.path}.${name}`);
  }

  #child(node: JsonNode, path: string): DocumentNode {
    return new DocumentNode(node, path, this.#origin);
  }

  #faultAt(at: number, problem: string, hint: string): ConfigError {
    const { line, column } = lineAndColumn(this.#origin.text, at);
    const place = this.path === "" ? "the file" : this.path;
    return new ConfigError(
      "ERR_POLICY_INVALID",
      `${this.#origin.source}:${line}:${column}: ${place}: ${problem}`,
      hint,
    );
  }
}
