import type { KeyObject } from "node:crypto";
import { ConfigError, type ErrorCode } from "../errors.js";
import { type Certificate, parseCertificate } from "../x509/certificate.js";
import { privateKeyFromPem, spkiOf } from "../x509/keys.js";
import { decodePem } from "../x509/pem.js";
import { isSignedBy } from "../x509/verify-signature.js";
import { X509Error } from "../x509/x509-error.js";
import { authorityFault } from "./certificate-rules.js";
import { checkLeafProfile, type LeafProfileResult, type PeerRole } from "./leaf-profile.js";
import type { SpiffeId } from "./spiffe-id.js";
import { SpkiPin } from "./spki-pin.js";
import { validityFault } from "./validity.js";

export interface X509SvidSource {
  /** Certificates, the leaf first, then the intermediate CAs in the order in which they were signed. */
  readonly certPem: string;
  /** PKCS#8, not encrypted. */
  readonly keyPem: string;
  readonly now: Date;
  /** The names of the files, for messages. */
  readonly certFile?: string;
  readonly keyFile?: string;
}

/** Who we are: a SPIFFE ID, the certificates that prove it, and the private key (X.509-SVID). */
export class X509Svid {
  readonly id: SpiffeId;
  /** The leaf first. */
  readonly chain: readonly Certificate[];
  readonly leaf: Certificate;
  readonly privateKey: KeyObject;
  readonly pin: SpkiPin;
  readonly notAfter: Date;
  readonly certPem: string;
  /** Not enumerable, so that a log of this object does not contain it. */
  declare readonly keyPem: string;

  private constructor(
    id: SpiffeId,
    chain: readonly [Certificate, ...Certificate[]],
    key: KeyObject,
    pems: X509SvidSource,
  ) {
    const [leaf] = chain;
    this.id = id;
    this.chain = chain;
    this.leaf = leaf;
    this.privateKey = key;
    this.pin = SpkiPin.ofSpki(leaf.spki);
    this.notAfter = leaf.notAfter;
    this.certPem = pems.certPem;
    Object.defineProperty(this, "keyPem", { value: pems.keyPem, enumerable: false });
  }

  /**
   * Checks everything a peer would check of it that does not need the peer's trust bundle, so that a wrong file is found
   * here, by whoever can mend it.
   *
   * @throws ConfigError ERR_FILE_MALFORMED, ERR_KEY_UNSUPPORTED, ERR_KEY_MISMATCH, ERR_LEAF_PROFILE,
   *   ERR_CERTIFICATE_EXPIRED, ERR_CERTIFICATE_NOT_YET_VALID or ERR_CHAIN_INVALID
   */
  static fromPem(source: X509SvidSource): X509Svid {
    const { certFile = "the certificate", keyFile = "the private key" } = source;
    const chain = parseChain(source.certPem, certFile);
    const [leaf] = chain;
    const profile = checkProfile(leaf);
    if (!profile.ok) throw unusable(profile.code, `${certFile}: ${profile.fault}`);
    const key = parseKey(source.keyPem, keyFile);
    if (!spkiOf(key).equals(leaf.spki)) throw unusable("ERR_KEY_MISMATCH", `${keyFile} is not the key of ${certFile}`);
    const outdated = validityFault(leaf, source.now);
    if (outdated !== undefined) {
      // The key may stay, and so may the pins.
      const renew = `renew it, with the command that made it: certs-tool issue ${profile.id} --ca CA_DIR --out DIR`;
      throw unusable(outdated.code, `${certFile}: ${outdated.fault}`, undefined, renew);
    }
    checkOrder(chain, certFile);
    return new X509Svid(profile.id, chain, key, source);
  }

  /** Whether the leaf may be used in a role. */
  supports(role: PeerRole): boolean {
    return checkLeafProfile(this.leaf, role).ok;
  }

  toString(): string {
    return this.id.toString();
  }
}

/** The role is not known yet, so one is enough. Of two refusals the first names what is wrong in either. */
function checkProfile(leaf: Certificate): LeafProfileResult {
  const asClient = checkLeafProfile(leaf, "client");
  const asServer = checkLeafProfile(leaf, "server");
  return asServer.ok ? asServer : asClient;
}

function parseChain(pem: string, file: string): [Certificate, ...Certificate[]] {
  try {
    const [leaf, ...intermediates] = decodePem(pem, "CERTIFICATE").map((der) => parseCertificate(der));
    if (leaf === undefined) throw new X509Error("it contains no certificate");
    return [leaf, ...intermediates];
  } catch (cause) {
    if (!(cause instanceof X509Error)) throw cause;
    throw unusable("ERR_FILE_MALFORMED", `${file} cannot be read: ${cause.message}`, cause);
  }
}

function parseKey(pem: string, file: string): KeyObject {
  try {
    return privateKeyFromPem(pem);
  } catch (cause) {
    if (!(cause instanceof X509Error)) throw cause;
    throw unusable("ERR_KEY_UNSUPPORTED", `${file} cannot be used: ${cause.message}`, cause);
  }
}

/** Each certificate after the leaf must be the CA that signed the one before it, or peers look for the path in vain. */
function checkOrder(chain: readonly Certificate[], file: string): void {
  for (const [index, issuer] of chain.slice(1).entries()) {
    const signed = chain[index];
    const fault = authorityFault(issuer);
    if (fault !== undefined) throw unusable("ERR_CHAIN_INVALID", `${file}, certificate ${index + 2}: ${fault}`);
    if (signed?.issuer.equals(issuer.subject) && isSignedBy(signed, issuer.publicKey)) continue;
    throw unusable("ERR_CHAIN_INVALID", `${file}: certificate ${index + 2} did not sign the one before it`);
  }
}

const issueAnew = "issue a new certificate and key with certs-tool issue SPIFFE_ID --ca CA_DIR --out DIR --force";

function unusable(code: ErrorCode, problem: string, cause?: X509Error, issue = issueAnew): ConfigError {
  const hint = code === "ERR_CERTIFICATE_NOT_YET_VALID" ? `check the clock of this machine, or ${issue}` : issue;
  return new ConfigError(code, problem, hint, cause && { cause });
}
