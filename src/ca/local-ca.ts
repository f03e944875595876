import type { KeyObject } from "node:crypto";
import { ConfigError } from "../errors.js";
import { findPath } from "../identity/certification-path.js";
import { checkLeafProfile } from "../identity/leaf-profile.js";
import { SpiffeId } from "../identity/spiffe-id.js";
import { SpkiPin } from "../identity/spki-pin.js";
import type { TrustBundle } from "../identity/trust-bundle.js";
import type { TrustDomain } from "../identity/trust-domain.js";
import { X509Svid } from "../identity/x509-svid.js";
import { type Certificate, parseCertificate } from "../x509/certificate.js";
import { generateKeys, privateKeyToPem } from "../x509/keys.js";
import { encodePem } from "../x509/pem.js";
import type { CaStore } from "./ca-store.js";
import { checkDnsNames, isPermittedDnsName } from "./dns-name.js";
import type { IssuedCertificate } from "./issued-certificate.js";
import { buildLeafCertificate } from "./leaf-certificate.js";
import type { RootIdentity } from "./root-identity.js";
import { defaultTtlMs, leafValidity } from "./validity.js";

/** What may be chosen about a certificate; everything else is fixed by the CA. */
export interface CertifyOptions {
  /** From now on; 1 second to 90 days. Default 24 hours. Cut off where the CA's own certificate ends. */
  readonly ttlMs?: number;
  /** Names beside the SPIFFE ID, for other gRPC stacks, for example `["localhost"]`. Default none. */
  readonly dnsNames?: readonly string[];
}

export interface IssueOptions extends CertifyOptions {
  /** The private key to certify, so that pins survive a renewal. Default a new P-256 key. */
  readonly privateKey?: KeyObject;
}

export interface CertifiedKey {
  readonly leaf: Certificate;
  /** The chain, here the leaf alone, because the root signs it. */
  readonly certPem: string;
}

/** A request that may be granted. */
export interface CertificateRequest {
  readonly id: SpiffeId;
  readonly dnsNames: readonly string[];
  readonly ttlMs: number;
}

/** @internal What `openLocalCa` puts together. */
export interface LocalCaParts {
  readonly store: CaStore;
  readonly root: RootIdentity;
  readonly bundle: TrustBundle;
  readonly key: KeyObject;
  readonly now: () => number;
}

/**
 * A certificate authority for one trust domain, in a directory of this machine. Made by `createLocalCa` or `openLocalCa`.
 * Several processes may use one directory; they take turns.
 */
export class LocalCa {
  readonly directory: string;
  readonly trustDomain: TrustDomain;
  /** The DNS names that it may sign, and those below them. */
  readonly dnsNames: readonly string[];
  /** Its own certificate, for those who are to trust it. */
  readonly bundle: TrustBundle;
  readonly notAfter: Date;
  /** Its clock, in milliseconds since 1970. */
  readonly now: () => number;
  readonly #parts: LocalCaParts;

  /** @internal */
  constructor(parts: LocalCaParts) {
    this.directory = parts.store.directory;
    this.trustDomain = parts.root.trustDomain;
    this.dnsNames = parts.root.dnsNames;
    this.notAfter = parts.root.certificate.notAfter;
    this.bundle = parts.bundle;
    this.now = parts.now;
    this.#parts = parts;
  }

  /**
   * Issues an identity: a key and its certificate. Nothing of it is stored but the record of the certificate.
   *
   * @throws ERR_INVALID_SPIFFE_ID, ERR_WRONG_TRUST_DOMAIN, ERR_INVALID_OPTION, ERR_CERTIFICATE_EXPIRED, ERR_LOCKED,
   * ERR_FILE_WRITE
   */
  async issue(spiffeId: SpiffeId | string, { privateKey, ...options }: IssueOptions = {}): Promise<X509Svid> {
    const key = privateKey ?? generateKeys().privateKey;
    const { certPem } = await this.certify(spiffeId, key, options);
    return X509Svid.fromPem({ certPem, keyPem: privateKeyToPem(key), now: new Date(this.now()) });
  }

  /**
   * Certifies a key that stays elsewhere; of a private key only the public half is used.
   *
   * @throws as `issue`
   */
  async certify(spiffeId: SpiffeId | string, key: KeyObject, options: CertifyOptions = {}): Promise<CertifiedKey> {
    const request = this.checkRequest(spiffeId, options);
    return this.#parts.store.lock(async () => {
      const leaf = await this.#sign(request, key);
      // Before the certificate leaves: one that nobody has a record of could not be revoked.
      await this.#parts.store.record(this.#recordOf(leaf, request));
      return { leaf, certPem: encodePem(leaf.der, "CERTIFICATE") };
    });
  }

  /** What `certify` would refuse, without issuing anything. @throws as `issue` */
  checkRequest(spiffeId: SpiffeId | string, options: CertifyOptions = {}): CertificateRequest {
    const { ttlMs = defaultTtlMs } = options;
    leafValidity(this.now(), ttlMs, this.#parts.root.certificate);
    return { id: this.#checkId(spiffeId), dnsNames: this.#checkDnsNames(options.dnsNames ?? []), ttlMs };
  }

  /** Every certificate that this CA ever issued, the oldest first. @throws ERR_FILE_MALFORMED */
  issued(): Promise<IssuedCertificate[]> {
    return this.#parts.store.issued();
  }

  async #sign({ id, dnsNames, ttlMs }: CertificateRequest, publicKey: KeyObject): Promise<Certificate> {
    const { store, root, key: issuerKey } = this.#parts;
    const issuer = root.certificate;
    const validity = leafValidity(this.now(), ttlMs, issuer);
    const serialNumber = await store.reserveSerialNumber();
    const der = buildLeafCertificate({ id, dnsNames, publicKey, serialNumber, validity, issuer, issuerKey });
    return this.#checkIssued(parseCertificate(der));
  }

  /** What leaves has passed the rules that every peer applies. */
  #checkIssued(leaf: Certificate): Certificate {
    const profile = checkLeafProfile(leaf);
    const path = findPath(leaf, { bundle: this.bundle, now: new Date(this.now()) });
    const fault = profile.ok ? (path.ok ? undefined : path.fault) : profile.fault;
    if (fault === undefined) return leaf;
    throw new ConfigError(
      "ERR_LEAF_PROFILE",
      `the certificate would be refused by its peers: ${fault}`,
      "ask for a P-256, P-384 or RSA key of at least 2048 bits, and for names that the CA may sign",
    );
  }

  #recordOf(certificate: Certificate, { id, dnsNames }: CertificateRequest): IssuedCertificate {
    return {
      serialNumber: certificate.serialNumber,
      spiffeId: id.toString(),
      dnsNames,
      issuedAt: new Date(this.now()).toISOString(),
      notBefore: certificate.notBefore.toISOString(),
      notAfter: certificate.notAfter.toISOString(),
      pin: SpkiPin.ofSpki(certificate.spki).toString(),
      certificate: certificate.der.toString("base64"),
    };
  }

  #checkId(spiffeId: SpiffeId | string): SpiffeId {
    const id = typeof spiffeId === "string" ? SpiffeId.parse(spiffeId) : spiffeId;
    const example = `spiffe://${this.trustDomain}${id.path || "/greeter"}`;
    if (!id.trustDomain.equals(this.trustDomain)) {
      const problem = `${id} is not in the trust domain ${this.trustDomain} of the CA in ${this.directory}`;
      throw new ConfigError("ERR_WRONG_TRUST_DOMAIN", problem, `use ${example}, or the CA of ${id.trustDomain}`);
    }
    if (id.path !== "") return id;
    const problem = `${id} names the trust domain itself, not an identity in it`;
    throw new ConfigError("ERR_INVALID_SPIFFE_ID", problem, `add a path, for example ${example}`);
  }

  #checkDnsNames(names: readonly string[]): string[] {
    const refused = checkDnsNames(names).find((name) => !isPermittedDnsName(name, this.dnsNames));
    if (refused === undefined) return [...new Set(names)];
    throw new ConfigError(
      "ERR_INVALID_OPTION",
      `the CA in ${this.directory} may not sign the DNS name ${refused}, only ${this.dnsNames.join(", ")}`,
      `leave it out, or create a CA that may: certs-tool init --ca NEW_DIR --trust-domain ${this.trustDomain} --dns ${refused}`,
    );
  }
}
