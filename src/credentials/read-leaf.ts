import { stat } from "node:fs/promises";
import { ConfigError } from "../errors.js";
import { readPublicFile } from "../files/private-file.js";
import { checkLeafProfile } from "../identity/leaf-profile.js";
import type { SpiffeId } from "../identity/spiffe-id.js";
import type { Certificate } from "../x509/certificate.js";
import { firstCertificate } from "../x509/first-certificate.js";
import { X509Error } from "../x509/x509-error.js";
import { credentialFiles } from "./credential-files.js";

/** A peer as its certificate names it. That somebody we trust has signed it is not checked. */
export interface Leaf {
  readonly id: SpiffeId;
  readonly leaf: Certificate;
}

/**
 * The first certificate of a file, or of the `cert.pem` in a credentials directory, so that something can be made out for
 * its SPIFFE ID and key. It may have expired: a renewal keeps both.
 *
 * @throws ConfigError ERR_FILE_MISSING, ERR_FILE_NOT_PRIVATE, ERR_FILE_MALFORMED, ERR_LEAF_PROFILE
 */
export async function readLeaf(path: string): Promise<Leaf> {
  const file = (await isDirectory(path)) ? credentialFiles(path).cert : path;
  const leaf = parse((await readPublicFile(file)).toString("latin1"), file);
  const asClient = checkLeafProfile(leaf, "client");
  if (asClient.ok) return { id: asClient.id, leaf };
  throw new ConfigError("ERR_LEAF_PROFILE", `${file}: ${asClient.fault}`, "name the certificate of a client");
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

function parse(pem: string, file: string): Certificate {
  try {
    return firstCertificate(pem);
  } catch (cause) {
    if (!(cause instanceof X509Error)) throw cause;
    const problem = `${file} cannot be read: ${cause.message}`;
    throw new ConfigError("ERR_FILE_MALFORMED", problem, "name a cert.pem, or the directory that it is in", { cause });
  }
}
