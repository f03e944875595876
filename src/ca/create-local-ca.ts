import type { KeyObject } from "node:crypto";
import { ConfigError } from "../errors.js";
import { TrustDomain } from "../identity/trust-domain.js";
import { generateKeys } from "../x509/keys.js";
import { encodePem } from "../x509/pem.js";
import { decodeCaKey, encodeCaKey } from "./ca-key.js";
import { CaStore } from "./ca-store.js";
import { checkDnsNames, localhost } from "./dns-name.js";
import type { LocalCa } from "./local-ca.js";
import { type OpenCaOptions, openLocalCa } from "./open-local-ca.js";
import { buildRootCertificate, checkCanBeLimitedTo } from "./root-certificate.js";

export interface CreateCaOptions extends OpenCaOptions {
  /** For example `local.test`. The CA can sign for nothing else. */
  readonly trustDomain: TrustDomain | string;
  /** DNS names that it may sign beside `localhost`, and those below them. Default none. */
  readonly dnsNames?: readonly string[];
  /** When given, the key is encrypted with it. */
  readonly passphrase?: string;
}

/**
 * Creates a CA in a directory, which is made (mode 0700) when it is not there. A creation that was interrupted is
 * finished by calling it again.
 *
 * @throws ERR_FILE_EXISTS when there is a CA already, ERR_INVALID_SPIFFE_ID, ERR_INVALID_OPTION, ERR_CA_PASSPHRASE,
 * ERR_DIRECTORY_NOT_PRIVATE, ERR_LOCKED, ERR_FILE_WRITE
 */
export async function createLocalCa(directory: string, options: CreateCaOptions): Promise<LocalCa> {
  const trustDomain = parseTrustDomain(options.trustDomain);
  checkCanBeLimitedTo(trustDomain);
  const dnsNames = checkDnsNames([localhost, ...(options.dnsNames ?? [])]);
  const nowMs = (options.now ?? Date.now)();
  const store = new CaStore(directory);
  await store.ensureDirectory();
  await store.lock(async () => {
    await checkVacant(store);
    const privateKey = await ensureKey(store, options.passphrase);
    const der = buildRootCertificate({ trustDomain, dnsNames, privateKey, nowMs });
    await store.writeCertificate(encodePem(der, "CERTIFICATE"));
  });
  return openLocalCa(directory, options);
}

/**
 * As `createLocalCa`, but a CA that is there is opened when it is the one that was asked for.
 *
 * @throws as `createLocalCa`; ERR_FILE_EXISTS when the CA that is there has another trust domain or other DNS names
 */
export async function ensureLocalCa(
  directory: string,
  options: CreateCaOptions,
): Promise<{ ca: LocalCa; created: boolean }> {
  try {
    return { ca: await createLocalCa(directory, options), created: true };
  } catch (error) {
    if (!(error instanceof ConfigError) || error.code !== "ERR_FILE_EXISTS") throw error;
    const ca = await openLocalCa(directory, options);
    checkSame(ca, options);
    return { ca, created: false };
  }
}

async function checkVacant(store: CaStore): Promise<void> {
  if (await store.isComplete()) {
    const problem = `there is a CA in ${store.directory} already`;
    throw new ConfigError("ERR_FILE_EXISTS", problem, "open it, or choose another directory");
  }
  if (await store.isUsed()) {
    const problem = `${store.certificateFile} is missing, but the CA has issued certificates`;
    throw new ConfigError("ERR_FILE_MISSING", problem, "restore it from a backup, or choose another directory");
  }
}

/** The key of an interrupted creation has signed nothing; it serves as well as a new one. */
async function ensureKey(store: CaStore, passphrase: string | undefined): Promise<KeyObject> {
  const left = (await store.hasKey()) ? await store.readKey() : undefined;
  const key = left === undefined ? generateKeys().privateKey : decodeCaKey(left, store.keyFile, passphrase);
  // Also when it is there: it may have been stored without the passphrase that is given now.
  await store.writeKey(encodeCaKey(key, passphrase));
  return key;
}

function checkSame(ca: LocalCa, options: CreateCaOptions): void {
  const trustDomain = parseTrustDomain(options.trustDomain);
  if (!ca.trustDomain.equals(trustDomain)) {
    const problem = `the CA in ${ca.directory} is for the trust domain ${ca.trustDomain}, not ${trustDomain}`;
    throw new ConfigError("ERR_FILE_EXISTS", problem, `choose another directory for the CA of ${trustDomain}`);
  }
  const missing = checkDnsNames(options.dnsNames ?? []).filter((name) => !ca.dnsNames.includes(name));
  if (missing.length === 0) return;
  throw new ConfigError(
    "ERR_FILE_EXISTS",
    `the CA in ${ca.directory} may not sign the DNS name ${missing.join(", ")}, and that cannot be changed any more`,
    "choose another directory for a CA that may",
  );
}

function parseTrustDomain(trustDomain: TrustDomain | string): TrustDomain {
  return typeof trustDomain === "string" ? TrustDomain.parse(trustDomain) : trustDomain;
}
