import { type ErrorCode, PeerError, type PeerFacts } from "../errors.js";
import { type Certificate, parseCertificate } from "../x509/certificate.js";
import { X509Error } from "../x509/x509-error.js";
import { findPath } from "./certification-path.js";
import { checkLeafProfile, claimedId, type PeerRole } from "./leaf-profile.js";
import type { PinSet } from "./pin-set.js";
import type { RevocationSet } from "./revocation-set.js";
import { SpiffeId } from "./spiffe-id.js";
import { SpkiPin } from "./spki-pin.js";
import type { TrustBundle } from "./trust-bundle.js";
import { validityFault } from "./validity.js";

/** What a peer is held against. */
export interface VerifyOptions {
  readonly bundle: TrustBundle;
  readonly pins: PinSet;
  readonly revoked: RevocationSet;
  readonly now: Date;
  /** The role that the peer plays. */
  readonly role: PeerRole;
  /** The one ID that is acceptable; a client names it, a server leaves it to its policy. */
  readonly expected?: SpiffeId;
}

/** A peer may send no more; paths are shorter than this, and each certificate has to be read. */
const maxChainLength = 16;

/** Known to this module alone: without it no PeerIdentity can be made, from JavaScript either. */
const verified = Symbol("verified");

/** The proof that a peer was verified: only `verifyPeer` makes one. */
export class PeerIdentity {
  // A private field makes the type nominal: nothing that merely looks like one can be passed for it.
  readonly #id: SpiffeId;
  readonly pin: SpkiPin;
  readonly leaf: Certificate;
  /** The leaf first, the authority that it was traced to last. */
  readonly path: readonly Certificate[];
  /** When the first certificate of the path expires, in milliseconds since 1970. */
  readonly notAfter: number;

  constructor(proof: typeof verified, { id, pin, leaf, path }: Candidate) {
    if (proof !== verified) throw new TypeError("only verifyPeer makes a PeerIdentity");
    this.#id = id;
    this.pin = pin;
    this.leaf = leaf;
    this.path = Object.freeze([...path]);
    this.notAfter = Math.min(...path.map(({ notAfter }) => notAfter.getTime()));
    Object.freeze(this);
  }

  get id(): SpiffeId {
    return this.#id;
  }

  toString(): string {
    return this.#id.toString();
  }

  toJSON(): string {
    return this.#id.toString();
  }
}

/** A peer whose certificate is good, and who may still not be wanted. */
interface Candidate {
  readonly id: SpiffeId;
  readonly pin: SpkiPin;
  readonly leaf: Certificate;
  readonly path: readonly Certificate[];
}

/**
 * Decides whether a peer is who it says, from the certificates that it sent, leaf first. Everything is read from their
 * DER. In this order: a path to the bundle, the rules for leaves, the trust domain, the expected ID, revocation, the pin.
 *
 * It proves nothing about the private key; that is what the TLS handshake did.
 *
 * @throws PeerError ERR_NO_CERTIFICATE, ERR_CERTIFICATE_MALFORMED, ERR_UNKNOWN_ISSUER, ERR_CHAIN_INVALID,
 *   ERR_CERTIFICATE_EXPIRED, ERR_CERTIFICATE_NOT_YET_VALID, ERR_LEAF_PROFILE, ERR_WRONG_TRUST_DOMAIN,
 *   ERR_UNEXPECTED_IDENTITY, ERR_REVOKED, ERR_NOT_PINNED or ERR_PIN_MISMATCH
 */
export function verifyPeer(chain: readonly Uint8Array[], options: VerifyOptions): PeerIdentity {
  const { leaf, intermediates } = parseChain(chain);
  const facts = claimedFacts(leaf);
  const path = trace(leaf, intermediates, options, facts);
  const profile = checkLeafProfile(leaf, options.role);
  if (!profile.ok) throw refused(profile.code, profile.fault, facts);
  const candidate = { id: profile.id, pin: SpkiPin.ofSpki(leaf.spki), leaf, path };
  assertWanted(candidate, options);
  return new PeerIdentity(verified, candidate);
}

/**
 * Decides again about a peer that was verified before: after the credentials changed, or as time goes by. As long as the
 * authority that it was traced to is in the bundle, no signature is checked.
 *
 * @throws PeerError as `verifyPeer`
 */
export function recheckPeer(peer: PeerIdentity, options: VerifyOptions): void {
  const { id, pin, leaf } = peer;
  const path = isStillGood(peer, options) ? peer.path : trace(leaf, peer.path.slice(1), options, provenFacts(peer));
  assertWanted({ id, pin, leaf, path }, options);
}

function isStillGood({ path }: PeerIdentity, { bundle, now }: VerifyOptions): boolean {
  const authority = path.at(-1);
  const trusted = authority !== undefined && bundle.has(authority);
  return trusted && path.every((certificate) => validityFault(certificate, now) === undefined);
}

function trace(
  leaf: Certificate,
  intermediates: readonly Certificate[],
  { bundle, now, role }: VerifyOptions,
  facts: PeerFacts,
): readonly Certificate[] {
  const found = findPath(leaf, { bundle, intermediates, now, role });
  if (!found.ok) throw refused(found.code, found.fault, facts);
  return found.path;
}

function parseChain(chain: readonly Uint8Array[]): { leaf: Certificate; intermediates: Certificate[] } {
  const [first, ...others] = chain;
  if (first === undefined) throw new PeerError("ERR_NO_CERTIFICATE", "the peer sent no certificate");
  const leaf = parse(first, 1, {});
  const facts = claimedFacts(leaf);
  if (chain.length > maxChainLength) {
    throw refused("ERR_CHAIN_INVALID", `more than ${maxChainLength - 1} others came with it`, facts);
  }
  return { leaf, intermediates: others.map((der, index) => parse(der, index + 2, facts)) };
}

function parse(der: Uint8Array, position: number, facts: PeerFacts): Certificate {
  try {
    return parseCertificate(der);
  } catch (cause) {
    if (!(cause instanceof X509Error)) throw cause;
    const message = `certificate ${position} of the peer's chain is malformed: ${cause.message}`;
    throw new PeerError("ERR_CERTIFICATE_MALFORMED", message, { cause, facts });
  }
}

/** The decisions that depend on more than the certificates, and that may change while these stay the same. */
function assertWanted(candidate: Candidate, { bundle, pins, revoked, expected }: VerifyOptions): void {
  const { id, pin, path } = candidate;
  const refuse = (code: ErrorCode, fault: string) => refused(code, fault, provenFacts(candidate));
  if (!id.trustDomain.equals(bundle.trustDomain)) {
    throw refuse("ERR_WRONG_TRUST_DOMAIN", `its trust domain is ${id.trustDomain}, not ${bundle.trustDomain}`);
  }
  if (expected !== undefined && !id.equals(expected)) {
    throw refuse("ERR_UNEXPECTED_IDENTITY", `it names ${id}, not ${expected}`);
  }
  const position = path.findIndex((certificate) => revoked.has(certificate));
  if (position >= 0) throw refuse("ERR_REVOKED", position === 0 ? "it was revoked" : "a CA on its path was revoked");
  const verdict = pins.check(id, pin);
  if (verdict === "not-pinned") throw refuse("ERR_NOT_PINNED", `${id} is not pinned`);
  if (verdict !== "match") throw refuse("ERR_PIN_MISMATCH", `the pin of its key, ${pin}, is not one pinned for ${id}`);
}

function claimedFacts(leaf: Certificate): PeerFacts {
  const id = claimedId(leaf);
  const pin = SpkiPin.ofSpki(leaf.spki).toString();
  return id instanceof SpiffeId ? { peerId: id.toString(), pin } : { pin };
}

function provenFacts({ id, pin }: Pick<Candidate, "id" | "pin">): PeerFacts {
  return { peerId: id.toString(), pin: pin.toString() };
}

function refused(code: ErrorCode, fault: string, facts: PeerFacts): PeerError {
  return new PeerError(code, `the peer's certificate is refused: ${fault}`, { facts });
}
