import { tokenLimits } from "./token-limits.js";

/** A scope-token of RFC 6749, section 3.3. */
const scopeToken = /^[!#-[\]-~]+$/;

/** What a token grants: names, methods as `package.Service/Method`, all methods of a service as `package.Service/*`. */
export class ScopeSet {
  readonly #names: ReadonlySet<string>;

  private constructor(names: ReadonlySet<string>) {
    this.#names = names;
  }

  /** Undefined unless it is a list of 1 to 64 different scopes, with one space between them. */
  static parse(text: unknown): ScopeSet | undefined {
    return typeof text === "string" ? ScopeSet.of(text.split(" ")) : undefined;
  }

  static of(list: readonly string[]): ScopeSet | undefined {
    const names = new Set(list);
    if (names.size === 0 || names.size > tokenLimits.maxScopes || names.size !== list.length) return undefined;
    const good = list.every((name) => name.length <= tokenLimits.maxScopeLength && scopeToken.test(name));
    return good ? new ScopeSet(names) : undefined;
  }

  /** Whether it holds the scope itself, or all methods of the service that it names a method of. */
  grants(scope: string): boolean {
    if (this.#names.has(scope)) return true;
    const slash = scope.indexOf("/");
    return slash > 0 && this.#names.has(`${scope.slice(0, slash)}/*`);
  }

  grantsAll(scopes: Iterable<string>): boolean {
    for (const scope of scopes) if (!this.grants(scope)) return false;
    return true;
  }

  [Symbol.iterator](): IterableIterator<string> {
    return this.#names.values();
  }

  toString(): string {
    return [...this.#names].join(" ");
  }
}
