import { type KeyObject, randomBytes, sign } from "node:crypto";
import { buildCertificate, type CertificateTemplate } from "../../src/x509/build-certificate.js";
import {
  authorityKeyIdentifier,
  basicConstraints,
  type ExtensionTemplate,
  extendedKeyUsage,
  keyUsage,
  type NameTemplate,
  nameConstraints,
  subjectAltName,
  subjectKeyIdentifier,
} from "../../src/x509/build-extension.js";
import { type Certificate, parseCertificate } from "../../src/x509/certificate.js";
import { isEmptyName } from "../../src/x509/distinguished-name.js";
import { encodeName } from "../../src/x509/encode-name.js";
import { keyIdentifier } from "../../src/x509/key-identifier.js";
import type { KeyUsage } from "../../src/x509/key-usage.js";
import { generateKeys, privateKeyToPem, spkiOf } from "../../src/x509/keys.js";
import { oids } from "../../src/x509/object-identifiers.js";
import { encodePem } from "../../src/x509/pem.js";
import type { BasicConstraints } from "../../src/x509/read-extensions.js";

/** A certificate and its private key. */
export interface Minted {
  readonly der: Buffer;
  readonly pem: string;
  readonly key: KeyObject;
  readonly keyPem: string;
  /** Parsed when first read, so that a certificate that does not parse can be minted too. */
  readonly certificate: Certificate;
  /** The DER Name of the subject, and the key identifier: what a certificate issued by this one refers to. */
  readonly subject: Buffer;
  readonly keyId: Buffer;
  readonly trustDomain: string;
}

/** What a test may change; everything that is left out is right. `null` leaves an extension out. */
export interface MintOverrides {
  /** A private key; default a new P-256 one. */
  readonly key?: KeyObject;
  readonly subject?: Buffer;
  readonly issuer?: Buffer;
  /** The private key that signs, when it is not the issuer's. */
  readonly signWith?: KeyObject;
  readonly signatureAlgorithm?: Buffer;
  /** Replaces the signature: gets what is signed. */
  readonly sign?: (tbs: Buffer) => Buffer;
  readonly version?: 1 | 2 | 3;
  readonly serialNumber?: Buffer;
  readonly spki?: Buffer;
  /** Default five minutes ago. */
  readonly notBefore?: Date;
  /** Default in a day; for a CA in ten. */
  readonly notAfter?: Date;
  readonly basicConstraints?: (BasicConstraints & { readonly critical?: boolean }) | null;
  readonly keyUsage?: readonly KeyUsage[] | null;
  readonly extendedKeyUsage?: readonly string[] | null;
  readonly names?: readonly NameTemplate[] | null;
  readonly subjectKeyId?: Buffer | null;
  readonly authorityKeyId?: Buffer | null;
  readonly extraExtensions?: readonly ExtensionTemplate[];
}

export interface CaOverrides extends MintOverrides {
  /** Default `local.test`. */
  readonly trustDomain?: string;
  /** Default `pinwire test CA`. */
  readonly commonName?: string;
  /** The CA above this one; default none: it signs itself. */
  readonly parent?: Minted;
  /** `null` (the default) for none. */
  readonly nameConstraints?: Parameters<typeof nameConstraints>[0] | null;
}

/** A root CA, or with `parent` an intermediate one. */
export function mintCa(overrides: CaOverrides = {}): Minted {
  const { trustDomain = "local.test", commonName = "pinwire test CA", parent } = overrides;
  const constraints = overrides.nameConstraints ? [nameConstraints(overrides.nameConstraints)] : [];
  return mint(parent, trustDomain, {
    subject: encodeName({ organization: trustDomain, commonName }),
    basicConstraints: { ca: true },
    keyUsage: ["keyCertSign", "cRLSign"],
    notAfter: inDays(10),
    ...overrides,
    extraExtensions: [...constraints, ...(overrides.extraExtensions ?? [])],
  });
}

export interface LeafOverrides extends MintOverrides {
  /** Default `spiffe://<the CA's trust domain>/cli`. Ignored when `names` is given. */
  readonly id?: string;
  /** DNS names beside the SPIFFE ID. */
  readonly dns?: readonly string[];
}

/** A leaf that is right for both roles. Without a CA it signs itself. */
export function mintLeaf(ca: Minted | undefined, overrides: LeafOverrides = {}): Minted {
  const trustDomain = ca?.trustDomain ?? "local.test";
  const { id = `spiffe://${trustDomain}/cli`, dns = [] } = overrides;
  return mint(ca, trustDomain, {
    basicConstraints: { ca: false },
    keyUsage: ["digitalSignature"],
    extendedKeyUsage: [oids.serverAuth, oids.clientAuth],
    names: [{ kind: "uri", value: id }, ...dns.map((value) => ({ kind: "dns", value }) as const)],
    ...overrides,
  });
}

function mint(issuer: Minted | undefined, trustDomain: string, overrides: MintOverrides): Minted {
  const key = overrides.key ?? generateKeys().privateKey;
  const spki = overrides.spki ?? spkiOf(key);
  const keyId = keyIdentifier(spkiOf(key));
  const subject = overrides.subject ?? encodeName({});
  const template: CertificateTemplate = {
    version: overrides.version ?? 3,
    serialNumber: overrides.serialNumber ?? randomSerial(),
    ...(overrides.signatureAlgorithm && { signatureAlgorithm: overrides.signatureAlgorithm }),
    issuer: overrides.issuer ?? issuer?.subject ?? subject,
    subject,
    notBefore: overrides.notBefore ?? inDays(-5 / 1440),
    notAfter: overrides.notAfter ?? inDays(1),
    spki,
    extensions: extensions(overrides, subject, keyId, issuer?.keyId ?? keyId),
  };
  const signer = overrides.signWith ?? issuer?.key ?? key;
  const der = buildCertificate(template, overrides.sign ?? ((tbs) => sign("sha256", tbs, signer)));
  return new MintedCertificate(der, key, subject, keyId, trustDomain);
}

function extensions(
  overrides: MintOverrides,
  subject: Buffer,
  keyId: Buffer,
  issuerKeyId: Buffer,
): readonly ExtensionTemplate[] {
  const { subjectKeyId = keyId, authorityKeyId = issuerKeyId, names, basicConstraints: constraints } = overrides;
  return [
    ...(constraints ? [basicConstraints(constraints, constraints.critical)] : []),
    ...(overrides.keyUsage ? [keyUsage(overrides.keyUsage)] : []),
    ...(overrides.extendedKeyUsage ? [extendedKeyUsage(overrides.extendedKeyUsage)] : []),
    ...(names ? [subjectAltName(names, isEmptyName(subject))] : []),
    ...(subjectKeyId ? [subjectKeyIdentifier(subjectKeyId)] : []),
    ...(authorityKeyId ? [authorityKeyIdentifier(authorityKeyId)] : []),
    ...(overrides.extraExtensions ?? []),
  ];
}

class MintedCertificate implements Minted {
  readonly der: Buffer;
  readonly key: KeyObject;
  readonly subject: Buffer;
  readonly keyId: Buffer;
  readonly trustDomain: string;
  #certificate: Certificate | undefined;

  constructor(der: Buffer, key: KeyObject, subject: Buffer, keyId: Buffer, trustDomain: string) {
    this.der = der;
    this.key = key;
    this.subject = subject;
    this.keyId = keyId;
    this.trustDomain = trustDomain;
  }

  get pem(): string {
    return encodePem(this.der, "CERTIFICATE");
  }

  get keyPem(): string {
    return privateKeyToPem(this.key);
  }

  get certificate(): Certificate {
    this.#certificate ??= parseCertificate(this.der);
    return this.#certificate;
  }
}

function randomSerial(): Buffer {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return serial;
}

/** Fixed when the tests start, so that certificates minted in different seconds of a run end at the same moment. */
const start = Math.floor(Date.now() / 1000) * 1000;

/** A moment so many days from now, in whole seconds as certificates have them. */
export function inDays(days: number): Date {
  return new Date(start + Math.round(days * 86_400) * 1000);
}
