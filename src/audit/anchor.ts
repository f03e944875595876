import { createPublicKey, type KeyObject } from "node:crypto";
import { ConfigError } from "../errors.js";
import { writeFileAtomically } from "../files/atomic-write.js";
import { readPublicFile } from "../files/private-file.js";

/**
 * The newest checkpoint, kept in a second place: without it nobody could tell a log whose end was cut off from one that
 * ended there.
 */
export interface Anchor {
  readonly log: string;
  readonly epoch: number;
  /** Of the checkpoint's record. */
  readonly seq: number;
  readonly hash: string;
  readonly time: string;
  /** The key's SubjectPublicKeyInfo, DER in base64. */
  readonly publicKey: string;
}

export async function writeAnchor(path: string, key: KeyObject, place: Omit<Anchor, "publicKey">): Promise<void> {
  const { log, epoch, seq, hash, time } = place;
  const publicKey = key.export({ type: "spki", format: "der" }).toString("base64");
  const text = `${JSON.stringify({ version: 1, log, epoch, seq, hash, time, publicKey })}\n`;
  await writeFileAtomically(path, text, { mode: 0o644, overwrite: true });
}

/** @throws ConfigError ERR_FILE_MISSING, ERR_FILE_NOT_PRIVATE, ERR_FILE_MALFORMED */
export async function readAnchor(path: string): Promise<Anchor> {
  const text = (await readPublicFile(path, { maxBytes: 4_096 })).toString();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw malformed(path, cause);
  }
  if (!isAnchor(value) || !holdsKey(value)) throw malformed(path);
  return value;
}

/** The key that it names. */
export function anchoredKey({ publicKey }: Anchor): KeyObject {
  return createPublicKey({ key: Buffer.from(publicKey, "base64"), format: "der", type: "spki" });
}

function holdsKey(anchor: Anchor): boolean {
  try {
    return anchoredKey(anchor).asymmetricKeyType === "ed25519";
  } catch {
    return false;
  }
}

/** Undefined where there is none yet. */
export async function readAnchorIfAny(path: string): Promise<Anchor | undefined> {
  try {
    return await readAnchor(path);
  } catch (error) {
    if (error instanceof ConfigError && error.code === "ERR_FILE_MISSING") return undefined;
    throw error;
  }
}

const keys = ["version", "log", "epoch", "seq", "hash", "time", "publicKey"];

function isAnchor(value: unknown): value is Anchor {
  if (typeof value !== "object" || value === null) return false;
  const { version, log, epoch, seq, hash, time, publicKey } = value as Record<string, unknown>;
  const texts = [log, hash, time, publicKey].every((text) => typeof text === "string");
  const numbers = [epoch, seq].every((number) => Number.isSafeInteger(number) && (number as number) > 0);
  return version === 1 && texts && numbers && Object.keys(value).every((key) => keys.includes(key));
}

function malformed(path: string, cause?: unknown): ConfigError {
  return new ConfigError("ERR_FILE_MALFORMED", `${path} is not the anchor of an audit log`, "choose the right file", {
    cause,
  });
}
