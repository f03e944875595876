import type { LoadOptions } from "./credentials/load-credentials.js";
import type { MtlsCredentials } from "./credentials/mtls-credentials.js";

export type { LoadOptions };

/**
 * Loads an identity made by `certs-tool`, and keeps it up to date while the files change.
 *
 * @param dir holds `key.pem`, `cert.pem`, `bundle.pem`, `pins.json`
 * @throws ConfigError ERR_FILE_MISSING, ERR_FILE_NOT_PRIVATE, ERR_FILE_MALFORMED, ERR_KEY_MISMATCH,
 * ERR_CERTIFICATE_EXPIRED, ERR_PINS_EMPTY and more, each with its fix
 */
export async function loadCredentials(dir: string, options?: LoadOptions): Promise<MtlsCredentials> {
  // Certificates need an ASN.1 parser; a process that only imports pinwire does not.
  const { loadCredentials: load } = await import("./credentials/load-credentials.js");
  return load(dir, options);
}
