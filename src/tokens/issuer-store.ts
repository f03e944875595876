import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { join } from "node:path";
import { ConfigError } from "../errors.js";
import { writeFileAtomically } from "../files/atomic-write.js";
import { appendLineDurably } from "../files/durable-append.js";
import { shellWord } from "../files/file-modes.js";
import { lockDirectory } from "../files/lock-directory.js";
import { mayExist } from "../files/may-exist.js";
import { checkPrivateDirectory, ensurePrivateDirectory } from "../files/private-directory.js";
import { readPrivateFile, readPublicFile } from "../files/private-file.js";
import { SpiffeId } from "../identity/spiffe-id.js";
import type { IssuerJson } from "./issuer-keys.js";
import { isPublicJwk, type PublicJwk, publicJwkOf } from "./public-jwk.js";
import { hasMembers } from "./strict-json.js";

/** The keys of an issuer. */
export interface IssuerState {
  readonly iss: SpiffeId;
  /** Signs. */
  readonly current: KeyObject;
  /** Will sign after the next rotation; servers know it already. */
  readonly next: KeyObject;
  /** Signed until the last rotation; its tokens stay good until they expire. */
  readonly previous?: PublicJwk;
}

/**
 * The directory of a token issuer, mode 0700: `keys.json` (0600) with its private keys, `issuers.json` (0644) for the
 * servers, `issued.jsonl` (0600) with a line for each token, and `lock.*` while somebody works in it. It is complete once
 * `keys.json` is there, from which `issuers.json` is made again when it is missing or old.
 */
export class IssuerStore {
  readonly directory: string;
  readonly publicFile: string;
  readonly #keysFile: string;
  readonly #issuedFile: string;

  constructor(directory: string) {
    this.directory = directory;
    this.publicFile = join(directory, "issuers.json");
    this.#keysFile = join(directory, "keys.json");
    this.#issuedFile = join(directory, "issued.jsonl");
  }

  /** @throws ERR_DIRECTORY_NOT_PRIVATE, ERR_FILE_WRITE */
  ensureDirectory(): Promise<void> {
    return ensurePrivateDirectory(this.directory, { othersMayRead: false });
  }

  /** One process at a time. @throws ERR_LOCKED */
  lock<T>(action: () => Promise<T>): Promise<T> {
    return lockDirectory(this.directory, "lock", action);
  }

  isComplete(): Promise<boolean> {
    return mayExist(this.#keysFile);
  }

  /** @throws ERR_FILE_MISSING, ERR_DIRECTORY_NOT_PRIVATE, ERR_FILE_NOT_PRIVATE, ERR_FILE_MALFORMED */
  async read(): Promise<IssuerState> {
    if (!(await this.isComplete())) throw missing(this.directory);
    await checkPrivateDirectory(this.directory, { othersMayRead: false });
    return parseState((await readPrivateFile(this.#keysFile)).toString("utf8"), this.#keysFile);
  }

  /** Call under the lock. The private keys first: from them the public file can be made again, not the other way. */
  async write(state: IssuerState): Promise<void> {
    await writeFileAtomically(this.#keysFile, formatState(state), { mode: 0o600, overwrite: true });
    await this.publish(state);
  }

  /** Writes `issuers.json` unless it is right already. Call under the lock. */
  async publish(state: IssuerState): Promise<void> {
    const text = `${JSON.stringify(issuerJson(state), undefined, 2)}\n`;
    const present = await readPublicFile(this.publicFile).catch(() => undefined);
    if (present?.toString("utf8") === text) return;
    await writeFileAtomically(this.publicFile, text, { mode: 0o644, overwrite: true });
  }

  /** On the disk when this returns. Call under the lock. */
  record(line: object): Promise<void> {
    return appendLineDurably(this.#issuedFile, JSON.stringify(line));
  }
}

export function newIssuerKey(): KeyObject {
  return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
}

function issuerJson({ iss, current, next, previous }: IssuerState): IssuerJson {
  const keys = [publicJwkOf(current), publicJwkOf(next), previous].filter((key) => key !== undefined);
  return { version: 1, iss: iss.toString(), keys };
}

function formatState({ iss, current, next, previous }: IssuerState): string {
  const pem = (key: KeyObject) => key.export({ format: "pem", type: "pkcs8" }).toString();
  const state = { version: 1, iss, current: pem(current), next: pem(next), ...(previous && { previous }) };
  return `${JSON.stringify(state, undefined, 2)}\n`;
}

function parseState(text: string, file: string): IssuerState {
  const value = parseObject(text, file);
  const { version, iss, current, next, previous } = value;
  if (
    version !== 1 ||
    typeof iss !== "string" ||
    !hasMembers(value, "version", "iss", "current", "next", "previous?")
  ) {
    throw malformed(file, "it is not of version 1, or has other fields");
  }
  if (previous !== undefined && !isPublicJwk(previous)) throw malformed(file, "previous is not a public key");
  const keys = { current: signingKey(current, file), next: signingKey(next, file) };
  return { iss: SpiffeId.parse(iss), ...keys, ...(previous !== undefined && { previous }) };
}

/** Nothing that was thrown or read is repeated: it may hold the key. */
function parseObject(text: string, file: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>;
  } catch {
    throw malformed(file, "it is not JSON");
  }
}

function signingKey(pem: unknown, file: string): KeyObject {
  try {
    const key = createPrivateKey(String(pem));
    if (publicJwkOf(key) !== undefined) return key;
  } catch {
    // As above.
  }
  throw malformed(file, "a key in it is not a P-256 private key");
}

function missing(directory: string): ConfigError {
  return new ConfigError(
    "ERR_FILE_MISSING",
    `there is no token issuer in ${directory}`,
    `run: certs-tool token init --issuer ${shellWord(directory)} --name SPIFFE_ID`,
  );
}

function malformed(file: string, problem: string): ConfigError {
  return new ConfigError(
    "ERR_FILE_MALFORMED",
    `${file} cannot be used: ${problem}`,
    "restore it from a backup, or make a new issuer with certs-tool token init in another directory",
  );
}
