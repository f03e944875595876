import { lockCredentials, replaceLeaf } from "../credentials/credential-files.js";
import { readIdentity } from "../credentials/read-identity.js";
import { ensurePrivateDirectory } from "../files/private-directory.js";
import type { SpiffeId } from "../identity/spiffe-id.js";
import type { X509Svid } from "../identity/x509-svid.js";
import { readExisting } from "./existing-credentials.js";
import { planIssue } from "./issue-plan.js";
import type { CertifyOptions, LocalCa } from "./local-ca.js";

export interface IssueCredentialsOptions extends CertifyOptions {
  /** Default: the names of the leaf that is there, none when there is none. */
  readonly dnsNames?: readonly string[];
  /** Make a new key although there is one; peers have to pin it. Default false. */
  readonly newKey?: boolean;
  /** Replace what is there: another identity, another CA's leaf, damaged files, a leaf that is still good. Default false. */
  readonly force?: boolean;
}

export interface IssueReport {
  readonly outcome: "issued" | "renewed" | "replaced" | "unchanged";
  readonly svid: X509Svid;
  /** Whether the pin changed, because the key is new. */
  readonly keyIsNew: boolean;
  /** Whether there is a `pins.json`, without which the identity cannot be used. */
  readonly hasPins: boolean;
  /** What was there and is gone, only with `force`. */
  readonly replaced: readonly string[];
}

/**
 * Issues an identity into a credentials directory (made with mode 0700 when it is not there), or renews the one in it.
 *
 * - A leaf of the same ID, from this CA, with the names asked for and more than a third of its life ahead stays.
 * - A renewal keeps the key, so that the pins of it keep matching.
 * - What belongs to another identity or another CA, or is damaged, is only replaced with `force`.
 * - `pins.json` is left alone.
 *
 * @throws ERR_FILE_EXISTS when `force` is needed; ERR_DIRECTORY_NOT_PRIVATE, ERR_FILE_NOT_PRIVATE, and as `LocalCa.issue`
 */
export async function issueCredentials(
  ca: LocalCa,
  spiffeId: SpiffeId | string,
  directory: string,
  options: IssueCredentialsOptions = {},
): Promise<IssueReport> {
  const { id } = ca.checkRequest(spiffeId, options);
  await ensurePrivateDirectory(directory);
  return lockCredentials(directory, async () => {
    const existing = await readExisting(directory);
    const { hasPins } = existing;
    const plan = planIssue(existing, { ca, id, directory, options });
    if (plan.keep !== undefined) {
      const { svid } = await readIdentity(directory, new Date(ca.now()));
      return { outcome: "unchanged", svid, keyIsNew: false, hasPins, replaced: [] };
    }
    const { privateKey, dnsNames, outcome, replaced } = plan;
    const svid = await ca.issue(id, { ...options, dnsNames, ...(privateKey && { privateKey }) });
    await replaceLeaf(directory, {
      certPem: svid.certPem,
      ...(privateKey === undefined && { keyPem: svid.keyPem }),
      ...(plan.writeBundle && { bundlePem: ca.bundle.toPem() }),
    });
    return { outcome, svid, keyIsNew: privateKey === undefined, hasPins, replaced };
  });
}
