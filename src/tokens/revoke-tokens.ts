import { dirname } from "node:path";
import { defaults } from "../defaults.js";
import { ConfigError } from "../errors.js";
import { writeFileAtomically } from "../files/atomic-write.js";
import { lockBeside } from "../files/lock-beside.js";
import { ensurePrivateDirectory } from "../files/private-directory.js";
import { readPublicFile } from "../files/private-file.js";
import { quote } from "../identity/quote.js";
import { isTokenId } from "./token-claims.js";
import { asSpiffeId } from "./token-request.js";
import { parseRevocations, type RevocationsJson } from "./token-revocations.js";

export interface Revocation {
  /** Tokens, by `jti`. */
  readonly tokens?: readonly string[];
  /** SPIFFE IDs: all that was issued to them until now. */
  readonly subjects?: readonly string[];
}

export interface RevokeReport {
  /** How many tokens and subjects the file names now. */
  readonly tokens: number;
  readonly subjects: number;
  /** How many entries were left out because what they revoked has expired. */
  readonly dropped: number;
}

/** What a server reads at most. */
const maxBytes = 1024 * 1024;

/**
 * Adds to a revocation file, which is made when it is not there (without anything to revoke: an empty one). What was
 * revoked so long ago that it has expired by any means is dropped.
 *
 * @throws ConfigError ERR_INVALID_OPTION, ERR_INVALID_SPIFFE_ID, ERR_FILE_MALFORMED, ERR_FILE_WRITE, ERR_LOCKED
 */
export async function revokeTokens(
  file: string,
  { tokens = [], subjects = [] }: Revocation,
  { now = Date.now }: { readonly now?: () => number } = {},
): Promise<RevokeReport> {
  const bad = tokens.find((jti) => !isTokenId(jti));
  if (bad !== undefined) {
    throw new ConfigError("ERR_INVALID_OPTION", `${quote(bad)} is not the jti of a token`, "token inspect prints it");
  }
  const ids = subjects.map((id) => asSpiffeId(id).toString());
  await ensurePrivateDirectory(dirname(file));
  return lockBeside(file, async () => {
    const moment = Math.floor(now() / 1_000);
    // The issuer's clock may be ahead of ours by as much as servers forgive.
    const until = moment + defaults.tokenClockSkewMs / 1_000;
    const gone = moment - defaults.maxTokenLifetimeMs / 1_000;
    const old = await readIfAny(file);
    const kept = {
      tokens: still(old.tokens, (end) => end > moment),
      subjects: still(old.subjects, (cutoff) => cutoff > gone),
    };
    const end = until + defaults.maxTokenLifetimeMs / 1_000;
    const next: RevocationsJson = {
      version: 1,
      tokens: { ...kept.tokens, ...Object.fromEntries(tokens.map((jti) => [jti, end])) },
      subjects: { ...kept.subjects, ...Object.fromEntries(ids.map((id) => [id, until])) },
    };
    const text = `${JSON.stringify(next, undefined, 2)}\n`;
    if (Buffer.byteLength(text) > maxBytes) throw full(file);
    await writeFileAtomically(file, text, { mode: 0o644, overwrite: true });
    const dropped = sizeOf(old.tokens) + sizeOf(old.subjects) - sizeOf(kept.tokens) - sizeOf(kept.subjects);
    return { tokens: sizeOf(next.tokens), subjects: sizeOf(next.subjects), dropped };
  });
}

async function readIfAny(file: string): Promise<RevocationsJson> {
  try {
    return parseRevocations((await readPublicFile(file)).toString("utf8"), file);
  } catch (error) {
    if (error instanceof ConfigError && error.code === "ERR_FILE_MISSING") {
      return { version: 1, tokens: {}, subjects: {} };
    }
    throw error;
  }
}

function still(entries: Readonly<Record<string, number>>, keep: (time: number) => boolean): Record<string, number> {
  return Object.fromEntries(Object.entries(entries).filter(([, time]) => keep(time)));
}

function sizeOf(entries: object): number {
  return Object.keys(entries).length;
}

function full(file: string): ConfigError {
  return new ConfigError(
    "ERR_INVALID_OPTION",
    `${file} would be larger than the ${maxBytes} bytes that are read`,
    "revoke the holders instead of single tokens, or rotate the issuer's keys: certs-tool token rotate --forget",
  );
}
