import type { KeyObject } from "node:crypto";
import type { CredentialFiles } from "../credentials/credential-files.js";
import { readPart } from "../credentials/read-credential-files.js";
import { ConfigError } from "../errors.js";
import { claimedId } from "../identity/leaf-profile.js";
import { SpiffeId } from "../identity/spiffe-id.js";
import type { Certificate } from "../x509/certificate.js";
import { firstCertificate } from "../x509/first-certificate.js";
import { privateKeyFromPem } from "../x509/keys.js";
import { decodePem } from "../x509/pem.js";
import { X509Error } from "../x509/x509-error.js";

/** A file that may be missing, or be there and not what it should be. */
export type Existing<T> = { readonly value: T } | { readonly fault: string } | undefined;

export interface ExistingLeaf {
  readonly leaf: Certificate;
  readonly id: SpiffeId;
}

/** What is in a directory that a certificate is to be issued into; leaves may have expired. */
export interface ExistingCredentials {
  readonly key: Existing<KeyObject>;
  readonly cert: Existing<ExistingLeaf>;
  readonly bundle: Existing<readonly Buffer[]>;
  readonly hasPins: boolean;
}

/** @throws ERR_FILE_NOT_PRIVATE, ERR_FILE_UNREADABLE */
export async function readExisting(directory: string): Promise<ExistingCredentials> {
  return {
    key: await readAs(directory, "key", (pem) => privateKeyFromPem(pem)),
    cert: await readAs(directory, "cert", parseLeaf),
    bundle: await readAs(directory, "bundle", (pem) => decodePem(pem, "CERTIFICATE")),
    hasPins: (await readAs(directory, "pins", (json) => json)) !== undefined,
  };
}

async function readAs<T>(
  directory: string,
  part: keyof CredentialFiles,
  parse: (text: string) => T,
): Promise<Existing<T>> {
  try {
    return { value: parse(await readPart(directory, part)) };
  } catch (error) {
    if (error instanceof X509Error) return { fault: error.message };
    if (error instanceof ConfigError && error.code === "ERR_FILE_MISSING") return undefined;
    throw error;
  }
}

function parseLeaf(pem: string): ExistingLeaf {
  const leaf = firstCertificate(pem);
  const id = claimedId(leaf);
  if (!(id instanceof SpiffeId)) throw new X509Error(id.fault);
  return { leaf, id };
}
