import { type KeyObject, sign } from "node:crypto";
import type { SpiffeId } from "../identity/spiffe-id.js";
import { buildCertificate } from "../x509/build-certificate.js";
import {
  authorityKeyIdentifier,
  basicConstraints,
  extendedKeyUsage,
  keyUsage,
  type NameTemplate,
  subjectAltName,
  subjectKeyIdentifier,
} from "../x509/build-extension.js";
import type { Certificate } from "../x509/certificate.js";
import { encodeName } from "../x509/encode-name.js";
import { keyIdentifier } from "../x509/key-identifier.js";
import { spkiOf } from "../x509/keys.js";
import { oids } from "../x509/object-identifiers.js";
import { serialNumberOctets } from "./serial-number.js";
import type { Validity } from "./validity.js";

export interface LeafOptions {
  readonly id: SpiffeId;
  readonly dnsNames: readonly string[];
  readonly publicKey: KeyObject;
  readonly serialNumber: string;
  readonly validity: Validity;
  readonly issuer: Certificate;
  readonly issuerKey: KeyObject;
}

/** Builds and signs the certificate of a leaf that can call and serve. */
export function buildLeafCertificate(options: LeafOptions): Buffer {
  const { id, dnsNames, issuer, issuerKey } = options;
  const spki = spkiOf(options.publicKey);
  const names: NameTemplate[] = [
    { kind: "uri", value: id.toString() },
    ...dnsNames.map((value) => ({ kind: "dns", value }) as const),
  ];
  return buildCertificate(
    {
      serialNumber: serialNumberOctets(options.serialNumber),
      issuer: issuer.subject,
      // Empty, and the alternative name critical for it (RFC 5280, section 4.2.1.6): a leaf has one name, the SPIFFE ID.
      subject: encodeName({}),
      ...options.validity,
      spki,
      extensions: [
        basicConstraints({ ca: false }),
        keyUsage(["digitalSignature"]),
        extendedKeyUsage([oids.serverAuth, oids.clientAuth]),
        subjectAltName(names, true),
        subjectKeyIdentifier(keyIdentifier(spki)),
        authorityKeyIdentifier(issuer.subjectKeyId ?? keyIdentifier(issuer.spki)),
      ],
    },
    (tbs) => sign("sha256", tbs, issuerKey),
  );
}
