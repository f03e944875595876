import { setTimeout as delay } from "node:timers/promises";
import { credentialFiles } from "./credential-files.js";
import { type CredentialSnapshot, readSnapshot } from "./credential-state.js";
import { MtlsCredentials } from "./mtls-credentials.js";
import { fingerprint } from "./read-credential-files.js";

export interface LoadOptions {
  /**
   * Whether changes on disk take effect while the process runs. Default true: seen at once where the file system reports
   * them, else within five seconds.
   */
  readonly watch?: boolean;
  /** The clock, in milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
}

/** How long a writer that is just replacing the files is waited for. */
const writerPauseMs = 150;
const maxPauses = 10;

/**
 * Loads an identity from a directory that `certs-tool issue` and `certs-tool pin` wrote: `key.pem`, `cert.pem`,
 * `bundle.pem`, `pins.json`.
 *
 * @example const credentials = await loadCredentials("certs/greeter");
 * @throws ERR_FILE_MISSING, ERR_FILE_UNREADABLE, ERR_FILE_MALFORMED, ERR_FILE_NOT_PRIVATE, ERR_DIRECTORY_NOT_PRIVATE,
 * ERR_KEY_MISMATCH, ERR_KEY_UNSUPPORTED, ERR_LEAF_PROFILE, ERR_CERTIFICATE_EXPIRED, ERR_CERTIFICATE_NOT_YET_VALID,
 * ERR_PINS_EMPTY, ERR_INVALID_PIN, ERR_INVALID_SPIFFE_ID
 */
export async function loadCredentials(directory: string, options: LoadOptions = {}): Promise<MtlsCredentials> {
  const { watch = true, now = Date.now } = options;
  const read = (previous?: CredentialSnapshot) => readSnapshot(directory, new Date(now()), previous);
  const snapshot = await readSettled(directory, read);
  return new MtlsCredentials(snapshot.state, { directory, watch, snapshot, read });
}

/** A bad state may be one that somebody is still writing; it is final when the files stay as they are. */
async function readSettled(directory: string, read: () => Promise<CredentialSnapshot>): Promise<CredentialSnapshot> {
  const files = credentialFiles(directory);
  for (let pauses = 0; ; pauses++) {
    const before = await fingerprint(files);
    try {
      return await read();
    } catch (error) {
      await delay(writerPauseMs);
      if (pauses === maxPauses || before === (await fingerprint(files))) throw error;
    }
  }
}
