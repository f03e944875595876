import { type KeyObject, sign, verify } from "node:crypto";
import type { Position } from "./audit-record.js";
import type { CheckpointKey } from "./checkpoint-key.js";

/** What a checkpoint vouches for: every record before it, in this order. */
export interface CheckpointStatement extends Position {
  readonly log: string;
  readonly epoch: number;
  readonly time: string;
}

/** An Ed25519 signature (RFC 8032) in base64url over {@link signedBytes}. */
export function signCheckpoint(statement: CheckpointStatement, key: CheckpointKey): string {
  return sign(null, signedBytes(statement), key.privateKey).toString("base64url");
}

export function isSigned(statement: CheckpointStatement, signature: string, publicKey: KeyObject): boolean {
  const bytes = Buffer.from(signature, "base64url");
  // Two spellings of one signature would be two records that both verify.
  if (bytes.toString("base64url") !== signature) return false;
  return verify(null, signedBytes(statement), publicKey, bytes);
}

/** docs/audit-format.md, "Checkpoints": one value a line, so that no two statements give the same bytes. */
function signedBytes({ log, epoch, seq, prev, time }: CheckpointStatement): Buffer {
  return Buffer.from(`pinwire-audit-checkpoint/1\n${log}\n${epoch}\n${seq}\n${prev}\n${time}\n`, "latin1");
}
