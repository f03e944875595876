import type { Certificate } from "../x509/certificate.js";
import { describeName, emailAddresses, isEmptyName } from "../x509/distinguished-name.js";
import type { GeneralName } from "../x509/general-name.js";
import type { NameConstraints } from "../x509/read-extensions.js";
import { kindOf, readConstrainedName } from "./constrained-name.js";
import { readSubtree, type Subtree } from "./name-subtree.js";
import { quote } from "./quote.js";

/** Work that a search may still do; whoever runs out is refused. */
export interface ComparisonBudget {
  comparisonsLeft: number;
}

/**
 * Whether the names of certificates keep within the name constraints of a CA above them (RFC 5280, section 4.2.1.10).
 * Returns what is wrong, or undefined. What cannot be decided is wrong: a malformed constraint, a malformed name under
 * one, a kind of name that is not understood here, more comparisons than the budget allows.
 *
 * @param below the leaf, then the CAs between it and the one with the constraints
 */
export function nameConstraintsFault(
  constraints: NameConstraints,
  below: readonly Certificate[],
  budget: ComparisonBudget,
): string | undefined {
  const subtrees = readSubtrees(constraints);
  if ("fault" in subtrees) return subtrees.fault;
  const count = constraints.permitted.length + constraints.excluded.length;
  for (const [index, certificate] of below.entries()) {
    // RFC 5280: constraints do not apply to a self-issued certificate, unless it is the last one.
    if (index > 0 && certificate.subject.equals(certificate.issuer)) continue;
    const names = namesOf(certificate);
    budget.comparisonsLeft -= names.length * count;
    if (budget.comparisonsLeft < 0) return "there are more names and name constraints than are compared";
    for (const name of names) {
      const fault = nameFault(name, subtrees);
      if (fault !== undefined) return fault;
    }
  }
  return undefined;
}

/** By kind of name. */
type SubtreesByKind = ReadonlyMap<string, readonly Subtree[]>;

interface Subtrees {
  readonly permitted: SubtreesByKind;
  readonly excluded: SubtreesByKind;
}

function readSubtrees(constraints: NameConstraints): Subtrees | { fault: string } {
  const permitted = byKind(constraints.permitted);
  if ("fault" in permitted) return permitted;
  const excluded = byKind(constraints.excluded);
  return "fault" in excluded ? excluded : { permitted, excluded };
}

function byKind(bases: readonly GeneralName[]): SubtreesByKind | { fault: string } {
  const subtrees = new Map<string, Subtree[]>();
  for (const base of bases) {
    const subtree = readSubtree(base);
    if (subtree === undefined) return { fault: `its name constraint ${describe(base)} has no meaning` };
    const ofKind = subtrees.get(kindOf(base));
    if (ofKind === undefined) subtrees.set(kindOf(base), [subtree]);
    else ofKind.push(subtree);
  }
  return subtrees;
}

/** Of the subject, the whole counts as a directory name, and its e-mail addresses as such (RFC 5280, section 4.2.1.10). */
function namesOf({ subject, subjectAltNames = [] }: Certificate): GeneralName[] {
  if (isEmptyName(subject)) return [...subjectAltNames];
  const emails = emailAddresses(subject).map((value) => ({ kind: "email", value }) as const);
  return [...subjectAltNames, { kind: "dn", value: subject }, ...emails];
}

function nameFault(name: GeneralName, subtrees: Subtrees): string | undefined {
  const permitted = subtrees.permitted.get(kindOf(name));
  const excluded = subtrees.excluded.get(kindOf(name));
  if (permitted === undefined && excluded === undefined) return undefined;
  const read = readConstrainedName(name);
  if (read === undefined) return `the name ${describe(name)} cannot be held against its name constraints`;
  if (excluded?.some((subtree) => subtree.touches(read))) return `it excludes the name ${describe(name)}`;
  if (permitted?.some((subtree) => subtree.holds(read)) === false)
    return `it does not permit the name ${describe(name)}`;
  return undefined;
}

function describe(name: GeneralName): string {
  if (name.kind === "dn") return `dn ${quote(describeName(name.value))}`;
  return `${kindOf(name)} ${quote(typeof name.value === "string" ? name.value : name.value.toString("hex"))}`;
}
