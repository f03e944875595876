import { constants, type KeyObject } from "node:crypto";

/** How node:crypto verifies what an AlgorithmIdentifier names. */
export interface SignatureAlgorithm {
  readonly key: "ec" | "rsa";
  readonly hash: "sha256" | "sha384" | "sha512";
  /** RSA only. */
  readonly padding?: number;
  readonly saltLength?: number;
}

/** DER AlgorithmIdentifier of ecdsa-with-SHA256, without parameters (RFC 5758, section 3.2). */
export const ecdsaWithSha256 = Buffer.from("300a06082a8648ce3d040302", "hex");

/**
 * Every signature algorithm that is accepted, by its whole AlgorithmIdentifier in hex. Comparing all the bytes settles
 * the parameters too: absent for ECDSA, NULL for PKCS#1 (RFC 4055, section 5), and for PSS the one encoding in which the
 * hash of MGF1 is that of the message and the salt is as long (CA/Browser Forum Baseline Requirements, 7.1.3.2.1).
 */
const algorithms = new Map<string, SignatureAlgorithm>([
  [ecdsaWithSha256.toString("hex"), { key: "ec", hash: "sha256" }],
  ["300a06082a8648ce3d040303", { key: "ec", hash: "sha384" }],
  ["300d06092a864886f70d01010b0500", pkcs1("sha256")],
  ["300d06092a864886f70d01010c0500", pkcs1("sha384")],
  ["300d06092a864886f70d01010d0500", pkcs1("sha512")],
  [pssIdentifier("01", "20"), pss("sha256", 32)],
  [pssIdentifier("02", "30"), pss("sha384", 48)],
  [pssIdentifier("03", "40"), pss("sha512", 64)],
]);

/** What an AlgorithmIdentifier names, or undefined when it is not accepted or not for this kind of key. */
export function findSignatureAlgorithm(identifier: Buffer, key: KeyObject): SignatureAlgorithm | undefined {
  const algorithm = algorithms.get(identifier.toString("hex"));
  return algorithm?.key === key.asymmetricKeyType ? algorithm : undefined;
}

function pkcs1(hash: SignatureAlgorithm["hash"]): SignatureAlgorithm {
  return { key: "rsa", hash, padding: constants.RSA_PKCS1_PADDING };
}

function pss(hash: SignatureAlgorithm["hash"], saltLength: number): SignatureAlgorithm {
  return { key: "rsa", hash, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
}

/** The arguments are two octets in hex: the last arc of the hash (2.16.840.1.101.3.4.2.n), and the length of the salt. */
function pssIdentifier(hashArc: string, saltLength: string): string {
  const hash = `300d060960864801650304020${hashArc.slice(1)}0500`;
  return `304106092a864886f70d01010a3034a00f${hash}a11c301a06092a864886f70d010108${hash}a2030201${saltLength}`;
}
