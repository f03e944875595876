import { ConfigError } from "../errors.js";

/** A line of `issued.jsonl`: one certificate that the CA signed. */
export interface IssuedCertificate {
  /** Lower-case hex. */
  readonly serialNumber: string;
  readonly spiffeId: string;
  readonly dnsNames: readonly string[];
  /** Times are ISO 8601, in UTC. */
  readonly issuedAt: string;
  readonly notBefore: string;
  readonly notAfter: string;
  /** `sha256/<base64>` of the public key. */
  readonly pin: string;
  /** The certificate itself: DER, in base64. */
  readonly certificate: string;
}

const textFields = ["serialNumber", "spiffeId", "issuedAt", "notBefore", "notAfter", "pin", "certificate"] as const;

/** @throws ERR_FILE_MALFORMED naming `path` and the number of the line */
export function parseIssuedCertificate(line: string, path: string, lineNumber: number): IssuedCertificate {
  const value = parseJson(line);
  if (isIssuedCertificate(value)) return value;
  throw new ConfigError(
    "ERR_FILE_MALFORMED",
    `${path}, line ${lineNumber}, is not a record of an issued certificate`,
    "restore the file from a backup, or mend the line",
  );
}

function isIssuedCertificate(value: unknown): value is IssuedCertificate {
  if (typeof value !== "object" || value === null) return false;
  const { dnsNames, ...rest } = value as Partial<Record<keyof IssuedCertificate, unknown>>;
  return (
    Array.isArray(dnsNames) &&
    dnsNames.every((name) => typeof name === "string") &&
    textFields.every((field) => typeof rest[field] === "string") &&
    Object.keys(rest).length === textFields.length
  );
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
