import type { Certificate } from "../x509/certificate.js";
import { isEmptyName } from "../x509/distinguished-name.js";
import type { GeneralName } from "../x509/general-name.js";
import type { NameConstraints } from "../x509/read-extensions.js";
import { constraintFault, isWithin, nameFault, type Subtree } from "./name-subtree.js";

/** Work that a search may still do; whoever runs out is refused. */
export interface ComparisonBudget {
  comparisonsLeft: number;
}

/**
 * Whether the names of certificates keep within the name constraints of a CA above them (RFC 5280, section 4.2.1.10).
 * Returns what is wrong, or undefined. Whatever cannot be decided is wrong: a malformed constraint or name, a kind of
 * name that nothing here understands, more comparisons than the budget allows.
 *
 * @param below the certificates between the CA and the leaf, and the leaf, which comes first
 */
export function nameConstraintsFault(
  constraints: NameConstraints,
  below: readonly Certificate[],
  budget: ComparisonBudget,
): string | undefined {
  const subtrees = [...constraints.permitted, ...constraints.excluded];
  const malformed = subtrees.map(constraintFault).find((fault) => fault !== undefined);
  if (malformed !== undefined) return malformed;
  for (const [index, certificate] of below.entries()) {
    // RFC 5280: the constraints do not apply to a self-issued certificate, unless it is the last one.
    if (index > 0 && certificate.subject.equals(certificate.issuer)) continue;
    const names = namesOf(certificate);
    budget.comparisonsLeft -= names.length * subtrees.length;
    if (budget.comparisonsLeft < 0) return "there are more names and name constraints than are compared";
    const fault = namesFault(names, constraints);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** The subject counts as a directory name when it is not empty. */
function namesOf(certificate: Certificate): GeneralName[] {
  const names = [...(certificate.subjectAltNames ?? [])];
  if (!isEmptyName(certificate.subject)) names.push({ kind: "dn", value: certificate.subject });
  return names;
}

function namesFault(names: readonly GeneralName[], { permitted, excluded }: NameConstraints): string | undefined {
  for (const name of names) {
    const ofKind = (subtree: Subtree) => subtree.kind === name.kind && sameOtherKind(subtree, name);
    const permits = permitted.filter(ofKind);
    const excludes = excluded.filter(ofKind);
    if (permits.length === 0 && excludes.length === 0) continue;
    const fault = nameFault(name);
    if (fault !== undefined) return fault;
    if (excludes.some((subtree) => isWithin(name, subtree, "touches"))) return `a name is excluded (${name.kind})`;
    if (permits.length > 0 && !permits.some((subtree) => isWithin(name, subtree, "inside"))) {
      return `a name is not among the permitted ones (${name.kind})`;
    }
  }
  return undefined;
}

function sameOtherKind(a: GeneralName, b: GeneralName): boolean {
  return a.kind !== "other" || b.kind !== "other" || a.tag === b.tag;
}
