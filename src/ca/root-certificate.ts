import { type KeyObject, sign } from "node:crypto";
import { ConfigError } from "../errors.js";
import type { TrustDomain } from "../identity/trust-domain.js";
import { buildCertificate } from "../x509/build-certificate.js";
import {
  basicConstraints,
  keyUsage,
  type NameTemplate,
  nameConstraints,
  subjectAltName,
  subjectKeyIdentifier,
} from "../x509/build-extension.js";
import { encodeName } from "../x509/encode-name.js";
import { keyIdentifier } from "../x509/key-identifier.js";
import { spkiOf } from "../x509/keys.js";
import { newSerialNumber, serialNumberOctets } from "./serial-number.js";
import { rootValidity } from "./validity.js";

export interface RootOptions {
  readonly trustDomain: TrustDomain;
  /** What leaves may be named beside their SPIFFE ID. */
  readonly dnsNames: readonly string[];
  readonly privateKey: KeyObject;
  readonly nowMs: number;
}

/**
 * The host of a URI constraint that begins with a dot stands for all hosts below it (RFC 5280, section 4.2.1.10), and
 * verifiers refuse empty labels and addresses as hosts. A trust domain may look like that; a CA for it cannot be limited.
 *
 * @throws ERR_INVALID_SPIFFE_ID
 */
export function checkCanBeLimitedTo({ name }: TrustDomain): void {
  const labels = name.split(".");
  const isAddress = labels.length === 4 && labels.every((label) => /^\d+$/.test(label));
  if (!isAddress && labels.every((label) => label !== "")) return;
  throw new ConfigError(
    "ERR_INVALID_SPIFFE_ID",
    `a CA cannot be limited to the trust domain ${JSON.stringify(name)}`,
    "choose a name like a host's, for example local.test",
  );
}

/**
 * Builds the self-signed certificate of a CA. It can sign for one trust domain and nothing else: even who steals its key
 * cannot make a certificate for a web site, because every verifier applies the critical name constraints.
 */
export function buildRootCertificate({ trustDomain, dnsNames, privateKey, nowMs }: RootOptions): Buffer {
  const spki = spkiOf(privateKey);
  const keyId = keyIdentifier(spki);
  const name = rootName(trustDomain.name, keyId);
  return buildCertificate(
    {
      serialNumber: serialNumberOctets(newSerialNumber(new Set())),
      issuer: name,
      subject: name,
      ...rootValidity(nowMs),
      spki,
      extensions: [
        basicConstraints({ ca: true, pathLength: 0 }),
        keyUsage(["keyCertSign", "cRLSign"]),
        nameConstraints(constraints(trustDomain.name, dnsNames)),
        // X509-SVID, section 3.1: the SPIFFE ID of a signing certificate has no path. It tells which CA this is.
        subjectAltName([{ kind: "uri", value: `spiffe://${trustDomain.name}` }], false),
        subjectKeyIdentifier(keyId),
      ],
    },
    (tbs) => sign("sha256", tbs, privateKey),
  );
}

/** Two roots of one trust domain have different names, so that verifiers find the right one. */
function rootName(trustDomain: string, keyId: Buffer): Buffer {
  // RFC 5280, appendix A.1: ub-organization-name is 64.
  return encodeName({
    organization: trustDomain.slice(0, 64),
    commonName: `pinwire CA ${keyId.toString("hex").slice(0, 8)}`,
  });
}

function constraints(trustDomain: string, dnsNames: readonly string[]) {
  const permitted: NameTemplate[] = [
    { kind: "uri", value: trustDomain },
    ...dnsNames.map((value) => ({ kind: "dns", value }) as const),
  ];
  // A kind of name that is not mentioned stays free. Address and mask of length 0 stand for every address.
  const excluded: NameTemplate[] = [
    { kind: "ip", value: Buffer.alloc(8) },
    { kind: "ip", value: Buffer.alloc(32) },
  ];
  return { permitted, excluded };
}
