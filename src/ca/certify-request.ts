import type { KeyObject } from "node:crypto";
import { lockCredentials, replaceLeaf } from "../credentials/credential-files.js";
import { ConfigError } from "../errors.js";
import { ensurePrivateDirectory } from "../files/private-directory.js";
import { readForeignFile } from "../files/private-file.js";
import type { SpiffeId } from "../identity/spiffe-id.js";
import { SpkiPin } from "../identity/spki-pin.js";
import type { Certificate } from "../x509/certificate.js";
import { publicKeyOfRequest } from "../x509/certification-request.js";
import { X509Error } from "../x509/x509-error.js";
import { readExisting } from "./existing-credentials.js";
import type { IssueCredentialsOptions } from "./issue-credentials.js";
import { planIssue } from "./issue-plan.js";
import type { LocalCa } from "./local-ca.js";

export type CertifyRequestOptions = Omit<IssueCredentialsOptions, "newKey">;

export interface CertifyReport {
  readonly outcome: "issued" | "renewed" | "replaced" | "unchanged";
  readonly leaf: Certificate;
  /** To be compared with what the holder of the key says. */
  readonly pin: SpkiPin;
  readonly replaced: readonly string[];
}

/**
 * Certifies a key that stays where it is, for which its holder made a PKCS#10 request. The request gives the public key
 * and proves that its maker has the private one; everything else in it is passed over, and the leaf is what it would be
 * without. The directory gets `cert.pem` and `bundle.pem`, to be put beside the key, by the rules of `issueCredentials`.
 *
 * @throws ERR_FILE_MALFORMED for a request that cannot be read or proves nothing, and as `issueCredentials`
 */
export async function certifyRequest(
  ca: LocalCa,
  spiffeId: SpiffeId | string,
  requestFile: string,
  directory: string,
  options: CertifyRequestOptions = {},
): Promise<CertifyReport> {
  const { id } = ca.checkRequest(spiffeId, options);
  const publicKey = await readRequest(requestFile);
  await ensurePrivateDirectory(directory);
  return lockCredentials(directory, async () => {
    const plan = planIssue(await readExisting(directory), { ca, id, directory, options, publicKey });
    if (plan.keep !== undefined) return reportOf("unchanged", plan.keep, []);
    const { dnsNames, outcome, writeBundle, hasStrayKey, replaced } = plan;
    const { leaf, certPem } = await ca.certify(id, publicKey, { ...options, dnsNames });
    await replaceLeaf(directory, {
      certPem,
      ...(hasStrayKey && { keyPem: null }),
      ...(writeBundle && { bundlePem: ca.bundle.toPem() }),
    });
    return reportOf(outcome, leaf, replaced);
  });
}

async function readRequest(path: string): Promise<KeyObject> {
  const pem = (await readForeignFile(path)).toString("utf8");
  try {
    return publicKeyOfRequest(pem);
  } catch (cause) {
    if (!(cause instanceof X509Error)) throw cause;
    throw new ConfigError(
      "ERR_FILE_MALFORMED",
      `${path} is not a request that can be granted: ${cause.message}`,
      "make one with: openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj / -keyout key.pem -out FILE",
      { cause },
    );
  }
}

function reportOf(outcome: CertifyReport["outcome"], leaf: Certificate, replaced: readonly string[]): CertifyReport {
  return { outcome, leaf, pin: SpkiPin.ofSpki(leaf.spki), replaced };
}
