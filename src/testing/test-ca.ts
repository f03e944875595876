import { mkdirSync, writeFileSync } from "node:fs";
import { buildLeafCertificate } from "../ca/leaf-certificate.js";
import { buildRootCertificate } from "../ca/root-certificate.js";
import { newSerialNumber } from "../ca/serial-number.js";
import { leafValidity } from "../ca/validity.js";
import { credentialFiles } from "../credentials/credential-files.js";
import type { CredentialState } from "../credentials/credential-state.js";
import { ConfigError } from "../errors.js";
import { PinSet } from "../identity/pin-set.js";
import { RevocationSet } from "../identity/revocation-set.js";
import { SpiffeId } from "../identity/spiffe-id.js";
import { SpkiPin } from "../identity/spki-pin.js";
import { TrustBundle } from "../identity/trust-bundle.js";
import { TrustDomain } from "../identity/trust-domain.js";
import { X509Svid } from "../identity/x509-svid.js";
import { MutableSource } from "../source.js";
import { type Certificate, parseCertificate } from "../x509/certificate.js";
import { generateKeys, privateKeyToPem } from "../x509/keys.js";
import { encodePem } from "../x509/pem.js";

/** Long enough for a test that is looked at in a debugger. */
const ttlMs = 24 * 60 * 60 * 1_000;

/** For clients of other gRPC stacks, which look for this name on a Unix socket. */
const dnsNames = ["localhost"];

interface TestIdentity {
  readonly svid: X509Svid;
  readonly keyPem: string;
  readonly pin: SpkiPin;
}

/**
 * A CA that exists in the memory of a test and signs as `pinwire/ca` does: the same profiles, the same checks, no files.
 * Each name is one identity with one key, minted when it is first used.
 *
 * @example
 * const ca = createTestCa();
 * const server = ca.credentials("spiffe://local.test/server", "spiffe://local.test/client");
 */
export function createTestCa(trustDomain = "local.test"): TestCa {
  return new TestCa(TrustDomain.parse(trustDomain));
}

export class TestCa {
  readonly trustDomain: TrustDomain;
  /** What trusts this CA. */
  readonly bundle: TrustBundle;
  readonly #key = generateKeys().privateKey;
  readonly #root: Certificate;
  readonly #identities = new Map<string, TestIdentity>();
  readonly #serials = new Set<string>();

  /** @internal Use {@link createTestCa}. */
  constructor(trustDomain: TrustDomain) {
    this.trustDomain = trustDomain;
    const der = buildRootCertificate({ trustDomain, dnsNames, privateKey: this.#key, nowMs: Date.now() });
    this.#root = parseCertificate(der);
    this.bundle = TrustBundle.fromPem(trustDomain, encodePem(der, "CERTIFICATE"));
  }

  /**
   * The credentials of `id`, who pins `peers` and nobody else. What a test wants to happen to them later, it does with
   * `set()`: `credentials.set({ ...credentials.current(), revoked })`.
   *
   * @throws ConfigError ERR_INVALID_SPIFFE_ID
   */
  credentials(id: string, ...peers: readonly string[]): MutableSource<CredentialState> {
    return new MutableSource<CredentialState>({
      svid: this.#identity(id).svid,
      bundle: this.bundle,
      pins: this.#pins(peers),
      revoked: RevocationSet.none,
    });
  }

  /** The pin of an identity's key. */
  pinOf(id: string): SpkiPin {
    return this.#identity(id).pin;
  }

  /** Writes the same as a credentials directory, which is made, for `loadCredentials()` of another process. */
  writeCredentials(directory: string, id: string, ...peers: readonly string[]): void {
    const { svid, keyPem } = this.#identity(id);
    const files = credentialFiles(directory);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(files.key, keyPem, { mode: 0o600 });
    writeFileSync(files.bundle, this.bundle.toPem());
    writeFileSync(files.pins, JSON.stringify(this.#pins(peers)));
    writeFileSync(files.cert, svid.certPem);
  }

  #pins(peers: readonly string[]): PinSet {
    return PinSet.of(peers.map((peer) => [SpiffeId.parse(peer), { current: this.pinOf(peer) }]));
  }

  #identity(id: string): TestIdentity {
    const known = this.#identities.get(id);
    if (known !== undefined) return known;
    const identity = this.#mint(SpiffeId.parse(id));
    this.#identities.set(id, identity);
    return identity;
  }

  #mint(id: SpiffeId): TestIdentity {
    if (id.trustDomain.name !== this.trustDomain.name) {
      const hint = `choose one that begins with spiffe://${this.trustDomain.name}/`;
      throw new ConfigError("ERR_INVALID_SPIFFE_ID", `${id} is not of the trust domain of this test CA`, hint);
    }
    const { privateKey, publicKey } = generateKeys();
    const serialNumber = newSerialNumber(this.#serials);
    this.#serials.add(serialNumber);
    const der = buildLeafCertificate({
      id,
      dnsNames,
      publicKey,
      serialNumber,
      validity: leafValidity(Date.now(), ttlMs, this.#root),
      issuer: this.#root,
      issuerKey: this.#key,
    });
    const keyPem = privateKeyToPem(privateKey);
    const svid = X509Svid.fromPem({ certPem: encodePem(der, "CERTIFICATE"), keyPem, now: new Date() });
    return { svid, keyPem, pin: SpkiPin.ofSpki(parseCertificate(der).spki) };
  }
}
