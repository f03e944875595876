import { rm } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomically } from "../files/atomic-write.js";
import { fileError } from "../files/file-error.js";
import { lockDirectory } from "../files/lock-directory.js";
import type { PinSet } from "../identity/pin-set.js";

/** Where the parts of an identity are, in a credentials directory. */
export interface CredentialFiles {
  /** PKCS#8 PEM, mode 0600. */
  readonly key: string;
  /** PEM, leaf first. */
  readonly cert: string;
  /** PEM. */
  readonly bundle: string;
  readonly pins: string;
}

export function credentialFiles(directory: string): CredentialFiles {
  return {
    key: join(directory, "key.pem"),
    cert: join(directory, "cert.pem"),
    bundle: join(directory, "bundle.pem"),
    pins: join(directory, "pins.json"),
  };
}

/** Runs `action` while nobody else changes the directory. @throws ERR_LOCKED */
export function lockCredentials<T>(directory: string, action: () => Promise<T>): Promise<T> {
  return lockDirectory(directory, ".lock", action);
}

/** A new certificate, and what changes with it. */
export interface LeafReplacement {
  readonly certPem: string;
  /** Left out when the key stays; null when it goes, because the new one is elsewhere. */
  readonly keyPem?: string | null;
  /** Left out when the bundle stays. */
  readonly bundlePem?: string;
}

/**
 * Replaces the leaf in a directory. Where more than `cert.pem` changes, it is removed first and comes back last, and
 * nothing loads without it: however this is interrupted, parts that do not belong together are never taken for an
 * identity. Call under the lock.
 *
 * @throws ERR_FILE_WRITE
 */
export async function replaceLeaf(directory: string, { certPem, keyPem, bundlePem }: LeafReplacement): Promise<void> {
  const files = credentialFiles(directory);
  if (keyPem !== undefined || bundlePem !== undefined) await remove(files.cert);
  if (bundlePem !== undefined) await writeFileAtomically(files.bundle, bundlePem, { mode: 0o644, overwrite: true });
  if (keyPem === null) await remove(files.key);
  else if (keyPem !== undefined) await writeFileAtomically(files.key, keyPem, { mode: 0o600, overwrite: true });
  await writeFileAtomically(files.cert, certPem, { mode: 0o644, overwrite: true });
}

/** Call under the lock. @throws ERR_FILE_WRITE */
export function writePins(directory: string, pins: PinSet): Promise<void> {
  const json = `${JSON.stringify(pins, undefined, 2)}\n`;
  return writeFileAtomically(credentialFiles(directory).pins, json, { mode: 0o644, overwrite: true });
}

async function remove(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (error) {
    throw fileError("write", path, error);
  }
}
