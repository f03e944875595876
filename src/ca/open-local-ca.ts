import { ConfigError } from "../errors.js";
import { TrustBundle } from "../identity/trust-bundle.js";
import { spkiOf } from "../x509/keys.js";
import { decodeCaKey } from "./ca-key.js";
import { CaStore } from "./ca-store.js";
import { LocalCa } from "./local-ca.js";
import { readRootIdentity } from "./root-identity.js";

export interface OpenCaOptions {
  /** For a CA whose key is encrypted. */
  readonly passphrase?: string;
  /** The clock, in milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
}

/**
 * Opens the CA in a directory that `createLocalCa` made.
 *
 * @throws ERR_FILE_MISSING, ERR_DIRECTORY_NOT_PRIVATE, ERR_FILE_NOT_PRIVATE, ERR_FILE_MALFORMED, ERR_KEY_MISMATCH,
 * ERR_CA_PASSPHRASE
 */
export async function openLocalCa(directory: string, options: OpenCaOptions = {}): Promise<LocalCa> {
  const store = new CaStore(directory);
  await store.check();
  const pem = await store.readCertificate();
  const root = readRootIdentity(pem, store.certificateFile);
  const bundle = TrustBundle.fromPem(root.trustDomain, pem, store.certificateFile);
  const key = decodeCaKey(await store.readKey(), store.keyFile, options.passphrase);
  if (!spkiOf(key).equals(root.certificate.spki)) {
    throw new ConfigError(
      "ERR_KEY_MISMATCH",
      `${store.keyFile} is not the key of ${store.certificateFile}`,
      "restore both files from the same backup",
    );
  }
  return new LocalCa({ store, root, bundle, key, now: options.now ?? Date.now });
}
