import type { Metadata } from "../rpc/metadata.js";
import { matchesPattern, type Pattern } from "./policy-pattern.js";
import { PatternIndex } from "./policy-pattern-index.js";
import type { EngineRule } from "./policy-rule.js";

/** One entry of `request.headers`: the header is there, and one of the values matches it. */
export interface HeaderCondition {
  /** Lower case. */
  readonly key: string;
  readonly values: readonly Pattern[];
}

/** Where headers are read from, when a rule asks for one. */
export interface HeaderSource {
  readonly requestMetadata: Metadata;
}

/** Up to here reading the rules one by one is faster than any index. */
const mostRead = 8;

interface Column {
  readonly patterns: PatternIndex;
  readonly rules: Map<number, number[]>;
}

/**
 * Rules that have matched but for their headers. Each is indexed by the one of its headers that the fewest others have, so
 * that many rules about one header are found by its value.
 */
export class HeaderRules {
  readonly #rules: readonly EngineRule[];
  #columns: Map<string, Column> | undefined;

  /** @param rules in the order in which they count */
  constructor(rules: readonly EngineRule[]) {
    this.#rules = rules;
  }

  /** The first rule whose headers match, too. */
  first(source: HeaderSource): EngineRule | undefined {
    if (this.#rules.length <= mostRead) return this.#rules.find((rule) => headersMatch(rule, source));
    this.#columns ??= columnsOf(this.#rules);
    let best = this.#rules.length;
    for (const key of keysToAsk(this.#columns, source)) {
      const column = this.#columns.get(key);
      const value = headerValue(source, key);
      if (column === undefined || value === undefined) continue;
      const { patterns, rules } = column;
      for (const id of patterns.matching(value)) {
        for (const index of rules.get(id) ?? []) {
          const rule = this.#rules[index];
          if (index < best && rule !== undefined && headersMatch(rule, source)) best = index;
        }
      }
    }
    return this.#rules[best];
  }
}

function headersMatch({ headers }: EngineRule, source: HeaderSource): boolean {
  return headers.every(({ key, values }) => {
    const value = headerValue(source, key);
    return value !== undefined && values.some((pattern) => matchesPattern(pattern, value));
  });
}

/** The headers that rules ask for, or those that the call has: whichever are fewer. */
function keysToAsk(columns: ReadonlyMap<string, Column>, { requestMetadata }: HeaderSource): Iterable<string> {
  return columns.size <= requestMetadata.size ? columns.keys() : new Set([...requestMetadata].map(([key]) => key));
}

/** Several values count as one with commas between them (A43); a header that is not there matches nothing. */
function headerValue({ requestMetadata }: HeaderSource, key: string): string | undefined {
  const values = requestMetadata.getAll(key);
  return values.length <= 1 ? values[0] : values.join(",");
}

function columnsOf(rules: readonly EngineRule[]): Map<string, Column> {
  const columns = new Map<string, Column>();
  const uses = countUses(rules);
  for (const [index, { headers }] of rules.entries()) {
    const rarest = headers.reduce((a, b) => (usesOf(b, uses) < usesOf(a, uses) ? b : a));
    const column = columns.get(rarest.key) ?? { patterns: new PatternIndex(), rules: new Map() };
    columns.set(rarest.key, column);
    for (const pattern of rarest.values) {
      const id = column.patterns.add(pattern);
      const known = column.rules.get(id);
      if (known === undefined) column.rules.set(id, [index]);
      else known.push(index);
    }
  }
  return columns;
}

function countUses(rules: readonly EngineRule[]): Map<string, number> {
  const uses = new Map<string, number>();
  for (const { headers } of rules) {
    for (const { key, values } of headers) {
      for (const pattern of values) uses.set(useKey(key, pattern), (uses.get(useKey(key, pattern)) ?? 0) + 1);
    }
  }
  return uses;
}

function usesOf({ key, values }: HeaderCondition, uses: ReadonlyMap<string, number>): number {
  return values.reduce((most, pattern) => Math.max(most, uses.get(useKey(key, pattern)) ?? 0), 0);
}

function useKey(key: string, { kind, text }: Pattern): string {
  return `${key} ${kind} ${text}`;
}
