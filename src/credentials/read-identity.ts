import { ConfigError } from "../errors.js";
import { shellWord } from "../files/file-modes.js";
import { PinSet } from "../identity/pin-set.js";
import type { TrustBundle } from "../identity/trust-bundle.js";
import type { X509Svid } from "../identity/x509-svid.js";
import { credentialFiles } from "./credential-files.js";
import { parseBundle, parsePins, parseSvid } from "./parse-credentials.js";
import { readPart } from "./read-credential-files.js";

/** What a credentials directory holds without its pins, which may not be there yet. */
export interface CredentialIdentity {
  readonly directory: string;
  readonly svid: X509Svid;
  readonly bundle: TrustBundle;
}

/** Call under the lock. @throws as `loadCredentials`, apart from the pins */
export async function readIdentity(directory: string, now: Date): Promise<CredentialIdentity> {
  const texts = { key: await readPart(directory, "key"), cert: await readPart(directory, "cert") };
  const svid = parseSvid(directory, texts, now);
  return { directory, svid, bundle: parseBundle(directory, await readPart(directory, "bundle"), svid.id.trustDomain) };
}

/**
 * The pins in a directory, to add to them; none when there is no file. Call under the lock.
 *
 * @throws ERR_FILE_MALFORMED, ERR_INVALID_PIN, ERR_INVALID_SPIFFE_ID, ERR_FILE_NOT_PRIVATE
 */
export async function readPinsIfAny(directory: string): Promise<PinSet> {
  try {
    return parsePins(directory, await readPart(directory, "pins"));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    if (error.code === "ERR_FILE_MISSING") return PinSet.of([]);
    if (error.code === "ERR_FILE_NOT_PRIVATE") throw error;
    // Not written anew, because the peers that it was meant to pin would be gone.
    const hint = `mend it by hand, or remove it and pin every peer again: rm ${shellWord(credentialFiles(directory).pins)}`;
    throw new ConfigError(error.code, error.problem, hint, { cause: error });
  }
}
