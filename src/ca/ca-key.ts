import type { KeyObject } from "node:crypto";
import { ConfigError } from "../errors.js";
import { privateKeyFromPem, privateKeyToPem } from "../x509/keys.js";
import { X509Error } from "../x509/x509-error.js";

/**
 * The text of `ca.key`: PKCS#8, encrypted when there is a passphrase.
 *
 * @throws ERR_CA_PASSPHRASE when the passphrase is empty: it would look encrypted and be open to everybody
 */
export function encodeCaKey(key: KeyObject, passphrase: string | undefined): string {
  if (passphrase !== "") return privateKeyToPem(key, passphrase);
  throw new ConfigError(
    "ERR_CA_PASSPHRASE",
    "the passphrase for the CA key is empty",
    "set PINWIRE_CA_PASSPHRASE to a long random text, or unset it to store the key unencrypted (mode 0600)",
  );
}

/**
 * Reads `ca.key`. A passphrase that is given but not needed does no harm.
 *
 * @throws ERR_CA_PASSPHRASE, ERR_FILE_MALFORMED
 */
export function decodeCaKey(pem: string, path: string, passphrase: string | undefined): KeyObject {
  const encrypted = pem.includes("BEGIN ENCRYPTED PRIVATE KEY");
  if (encrypted && passphrase === undefined) throw passphraseError(`${path} is encrypted`);
  try {
    return privateKeyFromPem(pem, encrypted ? passphrase : undefined);
  } catch (error) {
    if (!(error instanceof X509Error)) throw error;
    if (encrypted) throw passphraseError(`${path} cannot be decrypted: wrong passphrase, or a damaged file`, error);
    const hint = "restore the file from a backup, or create a new CA in another directory";
    throw new ConfigError("ERR_FILE_MALFORMED", `${path} is not a CA key: ${error.message}`, hint, { cause: error });
  }
}

function passphraseError(problem: string, cause?: unknown): ConfigError {
  const hint = "set the environment variable PINWIRE_CA_PASSPHRASE, or the option passphrase";
  return new ConfigError("ERR_CA_PASSPHRASE", problem, hint, { cause });
}
