import { CaStore } from "./ca-store.js";
import type { IssuedCertificate } from "./issued-certificate.js";

/**
 * Every certificate that the CA in a directory ever issued, the oldest first. Does not need the CA's key.
 *
 * @throws ERR_FILE_MISSING, ERR_DIRECTORY_NOT_PRIVATE, ERR_FILE_NOT_PRIVATE, ERR_FILE_MALFORMED
 */
export async function listIssued(directory: string): Promise<IssuedCertificate[]> {
  const store = new CaStore(directory);
  await store.check();
  return store.issued();
}
