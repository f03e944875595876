import { randomBytes } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { ConfigError } from "../errors.js";
import { writeFileAtomically } from "../files/atomic-write.js";
import { appendLineDurably, completeLines } from "../files/durable-append.js";
import { fileError } from "../files/file-error.js";
import { readPrivateFile } from "../files/private-file.js";
import { hasMembers } from "./strict-json.js";

/** One presentation of a single-use token. */
export interface TokenUse {
  /** `useKey` of the token. */
  readonly token: string;
  /** When the token expires, in seconds since 1970. */
  readonly exp: number;
  /** Which call, and of which method; both the same when it is tried again. */
  readonly call: string;
  readonly method: string;
  /** The deadline of the call's first attempt, in milliseconds since 1970. */
  readonly until: number;
}

/** Of one file between two times that it is written anew. */
interface Head {
  readonly version: 1;
  /** Random: two contents of one path are never mistaken for each other. */
  readonly id: string;
  /** When the first file was made, in seconds since 1970; uses of older tokens may have been lost with one before it. */
  readonly created: number;
  /** Uses of tokens that expire up to then have been forgotten. */
  readonly floor: number;
}

/**
 * The uses in a file: a line about the file, then a line for each use, only ever appended; the forgotten ones go when it
 * is written anew. Several processes share it, so each call is made under the lock of the file, after `refresh`.
 */
export class ReplayLog {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #now: () => number;
  #head: Head = { version: 1, id: "", created: 0, floor: 0 };
  #headLine = "";
  #offset = 0;
  #lines = 0;
  readonly #uses = new Map<string, TokenUse[]>();

  /** @param maxLines uses the file will ever hold @param now seconds since 1970 */
  constructor(path: string, maxLines: number, now: () => number) {
    this.#path = path;
    // A line is shorter than that; a larger file is not ours.
    this.#maxBytes = (maxLines + 2) * 1_024;
    this.#now = now;
  }

  get created(): number {
    return this.#head.created;
  }

  get floor(): number {
    return this.#head.floor;
  }

  /** Uses that are remembered. */
  get size(): number {
    return this.#lines;
  }

  usesOf(token: string): readonly TokenUse[] {
    return this.#uses.get(token) ?? [];
  }

  /** Makes the file if there is none; for the start only. @throws ConfigError ERR_FILE_WRITE */
  async create(): Promise<void> {
    const head: Head = { version: 1, id: newId(), created: this.#now(), floor: 0 };
    try {
      await writeFileAtomically(this.#path, `${JSON.stringify(head)}\n`, { mode: 0o600 });
    } catch (error) {
      if (!(error instanceof ConfigError && error.code === "ERR_FILE_EXISTS")) throw error;
    }
  }

  /** Reads what others have written. @throws ConfigError ERR_FILE_MISSING, ERR_FILE_MALFORMED, … */
  async refresh(): Promise<void> {
    const added = await this.#readAdded();
    if (added === undefined) return this.#readAll();
    for (const line of completeLines(added)) this.#take(parseUse(line, this.#path), line);
  }

  /** On the disk when this returns. @throws ConfigError ERR_FILE_WRITE */
  async append(uses: readonly TokenUse[]): Promise<void> {
    const lines = uses.map((use) => JSON.stringify(use));
    await appendLineDurably(this.#path, lines.join("\n"));
    uses.forEach((use, index) => {
      this.#take(use, lines[index] ?? "");
    });
  }

  /** Writes the file anew without the uses of expired tokens. @returns whether that made room */
  async forget(): Promise<boolean> {
    const now = this.#now();
    const kept = [...this.#uses.values()].flat().filter(({ exp }) => exp > now);
    if (kept.length === this.#lines) return false;
    const head: Head = { ...this.#head, id: newId(), floor: Math.max(now, this.#head.floor) };
    const text = [head, ...kept].map((line) => `${JSON.stringify(line)}\n`).join("");
    await writeFileAtomically(this.#path, text, { mode: 0o600, overwrite: true });
    await this.#readAll();
    return true;
  }

  /** What was appended since the last look; undefined when it is another file by now. */
  async #readAdded(): Promise<string | undefined> {
    if (this.#headLine === "") return undefined;
    try {
      await using handle = await open(this.#path, "r");
      if ((await readAt(handle, 0, this.#headLine.length)) !== this.#headLine) return undefined;
      const { size } = await handle.stat();
      if (size < this.#offset || size > this.#maxBytes) return undefined;
      return size === this.#offset ? "" : await readAt(handle, this.#offset, size - this.#offset);
    } catch (error) {
      throw fileError("read", this.#path, error);
    }
  }

  async #readAll(): Promise<void> {
    const text = (await readPrivateFile(this.#path, { maxBytes: this.#maxBytes })).toString("latin1");
    const [headLine = "", ...lines] = completeLines(text);
    const head = parseHead(headLine, this.#path);
    const uses = lines.map((line) => parseUse(line, this.#path));
    this.#assertNoneLost(head, uses);
    this.#head = head;
    this.#headLine = `${headLine}\n`;
    this.#offset = this.#headLine.length;
    this.#lines = 0;
    this.#uses.clear();
    uses.forEach((use, index) => {
      this.#take(use, lines[index] ?? "");
    });
  }

  /**
   * Only uses of tokens that have expired are ever taken out. Where others are gone, somebody has cut the file or put an older
   * copy in its place, and who goes by it would take tokens again that this process has seen.
   */
  #assertNoneLost(head: Head, uses: readonly TokenUse[]): void {
    // Another file altogether: it refuses what is older than itself.
    if (this.#headLine === "" || head.created !== this.#head.created) return;
    const counts = new Map<string, number>();
    for (const { token } of uses) counts.set(token, (counts.get(token) ?? 0) + 1);
    for (const [token, before] of this.#uses) {
      const mustStay = before.some(({ exp }) => exp > head.floor);
      if (mustStay && (counts.get(token) ?? 0) < before.length) throw malformed(this.#path);
    }
  }

  #take(use: TokenUse, line: string): void {
    const before = this.#uses.get(use.token);
    if (before === undefined) this.#uses.set(use.token, [use]);
    else before.push(use);
    this.#lines += 1;
    this.#offset += line.length + 1;
  }
}

function newId(): string {
  return randomBytes(16).toString("base64url");
}

/** The file is ASCII, so characters are bytes. */
async function readAt(handle: FileHandle, position: number, length: number): Promise<string> {
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, position);
  return buffer.toString("latin1", 0, bytesRead);
}

function parseHead(line: string, path: string): Head {
  const value = parseLine(line, path);
  const { version, id, created, floor } = value as unknown as Head;
  const good = hasMembers(value, "version", "id", "created", "floor") && version === 1 && typeof id === "string";
  if (good && Number.isSafeInteger(created) && Number.isSafeInteger(floor)) return value as unknown as Head;
  throw malformed(path);
}

function parseUse(line: string, path: string): TokenUse {
  const value = parseLine(line, path);
  const { token, exp, call, method, until } = value as unknown as TokenUse;
  const texts = [token, call, method].every((text) => typeof text === "string");
  const good = texts && hasMembers(value, "token", "exp", "call", "method", "until");
  if (good && Number.isSafeInteger(exp) && Number.isSafeInteger(until)) return value as unknown as TokenUse;
  throw malformed(path);
}

function parseLine(line: string, path: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(line)) as Record<string, unknown>;
  } catch {
    throw malformed(path);
  }
}

function malformed(path: string): ConfigError {
  return new ConfigError(
    "ERR_FILE_MALFORMED",
    `${path} is no record of used tokens, or was damaged`,
    "remove it while no server runs; tokens for a single use that were issued before are then refused",
  );
}
