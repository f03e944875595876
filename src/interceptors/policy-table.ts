import { ConfigError } from "../errors.js";
import { HeaderRules } from "./policy-headers.js";
import { PatternIndex } from "./policy-pattern-index.js";
import type { EngineRule } from "./policy-rule.js";

/** What a table says of a principal and a path, whatever the headers. */
export interface Found {
  /** A rule that holds without looking at headers. */
  readonly rule: EngineRule | undefined;
  /** Rules that hold if their headers do; not there when they could change nothing. */
  readonly conditional: readonly HeaderRules[] | undefined;
}

/** The rules of one pair of patterns. */
interface Cell {
  first: EngineRule | undefined;
  conditional: EngineRule[] | undefined;
  headerRules: HeaderRules | undefined;
}

/** A rule with 500 principals and 500 paths fills it; prefixes say the same with less. */
const mostPairs = 250_000;

const nothing: Found = { rule: undefined, conditional: undefined };

/**
 * Rules of one effect, by pairs of principal and path. A look-up finds the few patterns that match the principal and those
 * that match the path, and asks for each pair of the two: its cost depends on how long the names are, not on how many rules
 * there are.
 */
export class RuleTable {
  readonly #principals = new PatternIndex();
  readonly #paths = new PatternIndex();
  readonly #cells = new Map<number, Cell>();
  #pairs = 0;

  /** @param rules in the order in which they count @throws ConfigError ERR_POLICY_INVALID when they are too many */
  constructor(rules: readonly EngineRule[]) {
    for (const rule of rules) this.#add(rule);
  }

  get isEmpty(): boolean {
    return this.#pairs === 0;
  }

  find(principal: string, path: string): Found {
    if (this.isEmpty) return nothing;
    const paths = this.#paths.matching(path);
    if (paths.length === 0) return nothing;
    let first: EngineRule | undefined;
    const conditional: Cell[] = [];
    for (const byPrincipal of this.#principals.matching(principal)) {
      for (const byPath of paths) {
        const cell = this.#cells.get(cellKey(byPrincipal, byPath));
        if (cell === undefined) continue;
        if (cell.first !== undefined && (first === undefined || cell.first.order < first.order)) first = cell.first;
        if (cell.conditional !== undefined) conditional.push(cell);
      }
    }
    if (first !== undefined) return { rule: first, conditional: undefined };
    if (conditional.length === 0) return nothing;
    return { rule: undefined, conditional: conditional.map(headerRulesOf) };
  }

  #add(rule: EngineRule): void {
    this.#pairs += rule.principals.length * rule.paths.length;
    if (this.#pairs > mostPairs) {
      throw new ConfigError(
        "ERR_POLICY_INVALID",
        `the policy has more than ${mostPairs} pairs of principal and path, at ${rule.ref.place}`,
        "name groups of principals or paths by a prefix, such as spiffe://local.test/tools/*",
      );
    }
    for (const principal of rule.principals) {
      const byPrincipal = this.#principals.add(principal);
      for (const path of rule.paths) this.#put(cellKey(byPrincipal, this.#paths.add(path)), rule);
    }
  }

  #put(key: number, rule: EngineRule): void {
    const cell = this.#cells.get(key) ?? { first: undefined, conditional: undefined, headerRules: undefined };
    this.#cells.set(key, cell);
    if (rule.headers.length === 0) {
      cell.first ??= rule;
    } else {
      cell.conditional ??= [];
      // The same pair twice in one rule.
      if (cell.conditional.at(-1) !== rule) cell.conditional.push(rule);
    }
  }
}

/** Two numbers below `mostPairs` as one. */
function cellKey(byPrincipal: number, byPath: number): number {
  return byPrincipal * mostPairs + byPath;
}

function headerRulesOf(cell: Cell): HeaderRules {
  cell.headerRules ??= new HeaderRules(cell.conditional ?? []);
  return cell.headerRules;
}
