import { createPrivateKey, createPublicKey, generateKeyPairSync, hash, type KeyObject } from "node:crypto";
import { ConfigError } from "../errors.js";
import { writeFileAtomically } from "../files/atomic-write.js";
import { readPrivateFile, readPublicFile } from "../files/private-file.js";

/** Whoever has it can write checkpoints; it is kept apart from the log, so that who can change the log does not have it. */
export interface CheckpointKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** base64url of the SHA-256 of the public key's SubjectPublicKeyInfo. */
  readonly id: string;
}

/** @throws ConfigError ERR_FILE_MISSING, ERR_FILE_NOT_PRIVATE, ERR_FILE_MALFORMED, ERR_KEY_UNSUPPORTED */
export async function readCheckpointKey(path: string): Promise<CheckpointKey> {
  const pem = await readPrivateFile(path);
  try {
    return checkpointKey(createPrivateKey(pem), path);
  } catch (cause) {
    throw notAKey(path, cause);
  }
}

/** Makes a key in a file of its own, mode 0600; see {@link readCheckpointKey} for one that is there. */
export async function createCheckpointKey(path: string): Promise<CheckpointKey> {
  const { privateKey } = generateKeyPairSync("ed25519");
  const pem = privateKey.export({ type: "pkcs8", format: "pem" });
  await writeFileAtomically(path, pem, { mode: 0o600 });
  return checkpointKey(privateKey, path);
}

/**
 * The public half, from a file that holds either half.
 *
 * @throws ConfigError ERR_FILE_MISSING, ERR_FILE_NOT_PRIVATE, ERR_FILE_MALFORMED, ERR_KEY_UNSUPPORTED
 */
export async function readCheckpointPublicKey(path: string): Promise<KeyObject> {
  const pem = await readPublicFile(path);
  try {
    return assertEd25519(createPublicKey(pem), path);
  } catch (cause) {
    throw notAKey(path, cause);
  }
}

export function keyId(publicKey: KeyObject): string {
  return hash("sha256", publicKey.export({ type: "spki", format: "der" }), "base64url");
}

function checkpointKey(privateKey: KeyObject, path: string): CheckpointKey {
  const publicKey = assertEd25519(createPublicKey(privateKey), path);
  return { privateKey, publicKey, id: keyId(publicKey) };
}

function assertEd25519(key: KeyObject, path: string): KeyObject {
  if (key.asymmetricKeyType === "ed25519") return key;
  const problem = `${path} holds a key of type ${key.asymmetricKeyType}, not Ed25519`;
  throw new ConfigError("ERR_KEY_UNSUPPORTED", problem, "choose the key file that was made with the audit log");
}

function notAKey(path: string, cause: unknown): unknown {
  if (cause instanceof ConfigError) return cause;
  return new ConfigError("ERR_FILE_MALFORMED", `${path} holds no PEM key`, "choose the key file of the audit log", {
    cause,
  });
}
