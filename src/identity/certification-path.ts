import type { KeyObject } from "node:crypto";
import type { Certificate } from "../x509/certificate.js";
import { describeName } from "../x509/distinguished-name.js";
import { isSignedBy } from "../x509/verify-signature.js";
import { X509Error } from "../x509/x509-error.js";
import { authorityFault, type PeerRole, purposeFault } from "./certificate-rules.js";
import { nameConstraintsFault } from "./name-constraints.js";
import type { TrustBundle } from "./trust-bundle.js";
import { type ValidityFault, validityFault } from "./validity.js";

export type PathFault = {
  readonly code: "ERR_UNKNOWN_ISSUER" | "ERR_CHAIN_INVALID" | ValidityFault["code"];
  /** Half a sentence, for people. */
  readonly fault: string;
};

export type PathResult =
  /** The leaf first, an authority of the bundle last. */
  { readonly ok: true; readonly path: readonly Certificate[] } | ({ readonly ok: false } & PathFault);

/** Leaf and authority included. */
const maxPathLength = 10;
/**
 * For the whole search. The work is done for a stranger, before anything about it is known; a path that is not made to
 * be hard needs one or two per certificate.
 */
const maxSignatureChecks = 32;
const maxNameComparisons = 16_384;

/** Of a name in a message. A stranger chooses it, and must not fill the log with it. */
const mostNameCharacters = 200;

export interface PathOptions {
  readonly bundle: TrustBundle;
  /** Certificates that the peer sent along, in any order. @default none */
  readonly intermediates?: readonly Certificate[];
  readonly now: Date;
  /** The role of the leaf, which the extended key usage of a CA must allow. @default both */
  readonly role?: PeerRole | undefined;
}

/**
 * Finds a path from the leaf to an authority of the bundle, and validates it (RFC 5280, section 6.1; RFC 4158 for the
 * search): names, signatures, validity, CA bit, key usage, path length, name constraints, critical extensions. The
 * authority is held to the same rules as the CAs below it. Key identifiers only decide which candidate is tried first.
 *
 * What the leaf itself must look like is the matter of `checkLeafProfile`; here it is only signed and valid.
 */
export function findPath(leaf: Certificate, options: PathOptions): PathResult {
  const { now } = options;
  const search = new PathSearch(options);
  const path = search.extend(leaf, []);
  if (path === undefined) return { ok: false, ...search.fault };
  const fault = validityFault(leaf, now);
  return fault === undefined ? { ok: true, path } : { ok: false, ...fault };
}

/** A depth-first search, which remembers the fault that stopped the attempt that came furthest. */
class PathSearch {
  readonly #intermediates: readonly Certificate[];
  readonly #bundle: TrustBundle;
  readonly #now: Date;
  readonly #role: PeerRole | undefined;
  #signatureChecksLeft = maxSignatureChecks;
  readonly #budget = { comparisonsLeft: maxNameComparisons };
  #faultRank = 0;
  fault: PathFault = { code: "ERR_UNKNOWN_ISSUER", fault: "no authority of the trust bundle has signed it" };

  constructor({ intermediates = [], bundle, now, role }: PathOptions) {
    this.#intermediates = intermediates;
    this.#bundle = bundle;
    this.#now = now;
    this.#role = role;
  }

  /** The path from `certificate` up, with what is `below` it put before; undefined when there is none. */
  extend(certificate: Certificate, below: readonly Certificate[]): readonly Certificate[] | undefined {
    const path = [...below, certificate];
    if (path.length === maxPathLength) this.#refuse(path.length, tooLong);
    for (const issuer of this.#candidates(certificate, path)) {
      if (!this.#isIssuer(issuer, certificate, path)) continue;
      const found = this.#bundle.has(issuer) ? [...path, issuer] : this.extend(issuer, path);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Those with the right name, authorities before intermediates, and before both those with the right key identifier. */
  #candidates(certificate: Certificate, path: readonly Certificate[]): Certificate[] {
    if (path.length === maxPathLength) return [];
    const sent = this.#intermediates.filter(({ subject }) => subject.equals(certificate.issuer));
    return [...this.#bundle.named(certificate.issuer), ...sent]
      .filter((candidate) => !path.slice(1).some((used) => isSameAuthority(used, candidate)))
      .sort((a, b) => keyIdRank(a, certificate) - keyIdRank(b, certificate));
  }

  #isIssuer(issuer: Certificate, certificate: Certificate, path: readonly Certificate[]): boolean {
    if (this.#signatureChecksLeft-- <= 0) return this.#refuse(path.length, tooMuchWork);
    const key = acceptedKey(issuer);
    if (key === undefined || !isSignedBy(certificate, key)) {
      // Ranked below a broken rule: many CAs may have the same name, only one of them has signed.
      return this.#refuse(path.length - 0.5, { code: "ERR_UNKNOWN_ISSUER", fault: notSigned(issuer) });
    }
    const fault = this.#issuerFault(issuer, path);
    if (fault === undefined) return true;
    return this.#refuse(path.length, {
      code: fault.code,
      fault: `its issuer (${describeName(issuer.subject).slice(0, mostNameCharacters)}): ${fault.fault}`,
    });
  }

  /** What forbids a CA, whose signature is right, to stand above a path. */
  #issuerFault(issuer: Certificate, path: readonly Certificate[]): PathFault | undefined {
    const { nameConstraints } = issuer;
    const fault =
      authorityFault(issuer) ??
      purposeFault(issuer, this.#role) ??
      pathLengthFault(issuer, path) ??
      (nameConstraints && nameConstraintsFault(nameConstraints, path, this.#budget));
    return fault === undefined ? validityFault(issuer, this.#now) : { code: "ERR_CHAIN_INVALID", fault };
  }

  #refuse(rank: number, fault: PathFault): false {
    if (rank > this.#faultRank) {
      this.#faultRank = rank;
      this.fault = fault;
    }
    return false;
  }
}

const tooLong: PathFault = {
  code: "ERR_CHAIN_INVALID",
  fault: `it is more than ${maxPathLength - 2} intermediate CAs away from an authority`,
};

const tooMuchWork: PathFault = {
  code: "ERR_CHAIN_INVALID",
  fault: `more than ${maxSignatureChecks} signatures would have to be checked to find its path`,
};

function notSigned({ subject }: Certificate): string {
  return `no authority of the trust bundle has signed it; one has the name of its issuer, but another key (${describeName(subject)})`;
}

/** RFC 4158, section 2.4.2: a CA that comes back under the same name and key makes the path no better, only endless. */
function isSameAuthority(a: Certificate, b: Certificate): boolean {
  return a.subject.equals(b.subject) && a.spki.equals(b.spki);
}

function keyIdRank({ subjectKeyId }: Certificate, { authorityKeyId }: Certificate): number {
  if (subjectKeyId === undefined || authorityKeyId === undefined) return 1;
  return subjectKeyId.equals(authorityKeyId) ? 0 : 2;
}

function acceptedKey(certificate: Certificate): KeyObject | undefined {
  try {
    return certificate.publicKey;
  } catch (error) {
    if (error instanceof X509Error) return undefined;
    throw error;
  }
}

/** RFC 5280, section 4.2.1.9: the number of CAs between this one and the leaf, self-issued ones not counted. */
function pathLengthFault({ basicConstraints }: Certificate, path: readonly Certificate[]): string | undefined {
  const between = path.slice(1).filter(({ subject, issuer }) => !subject.equals(issuer)).length;
  const allowed = basicConstraints?.pathLength;
  if (allowed === undefined || between <= allowed) return undefined;
  return `its path length of ${allowed} is exceeded, with ${between} CAs between it and the leaf`;
}
