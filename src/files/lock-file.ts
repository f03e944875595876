import { createHash, randomBytes } from "node:crypto";
import { readlinkSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ConfigError } from "../errors.js";
import { fileError } from "./file-error.js";
import { shellWord } from "./file-modes.js";
import { isHeldPosix, ownStart, takePosix } from "./lock-ticket-posix.js";
import { isHeldWindows, takeWindows } from "./lock-ticket-windows.js";

const [take, isHeld] =
  process.platform === "win32" ? ([takeWindows, isHeldWindows] as const) : ([takePosix, isHeldPosix] as const);

export interface LockOptions {
  /** How long to wait for another process. Default: 5,000. */
  readonly waitMs?: number;
}

/**
 * Runs `action` while no other process (and no other caller in this one) runs one under the same path.
 *
 * A lock is a set of files: each contender creates `path.<pid>.<start>.<place>.<random>`, then looks who else is there,
 * and has the lock if nobody alive is. Of two contenders at least the later one sees the other, so never do both hold
 * it. With one single lock file, two processes that find it stale can each remove what they take for the dead one's and
 * hold it both; names that are never used twice can be removed without that risk. Everything is in the name, so there is
 * no half-written lock either.
 *
 * @throws ERR_LOCKED when it stays taken, ERR_FILE_WRITE
 */
export async function withLock<T>(path: string, action: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  const own = await acquire(path, options.waitMs ?? 5_000);
  try {
    return await action();
  } finally {
    await giveBack(own);
  }
}

/** What a contender holds: the name of its file, and what keeps it. */
interface Ticket {
  readonly file: string;
  readonly keep: AsyncDisposable;
}

async function acquire(path: string, waitMs: number): Promise<Ticket> {
  const giveUpAt = performance.now() + waitMs;
  for (;;) {
    const own = await createTicket(path);
    const other = await otherHolder(path, own.file).catch(async (error: unknown) => {
      await giveBack(own);
      throw error;
    });
    if (other === undefined) return own;
    await giveBack(own);
    if (performance.now() >= giveUpAt) throw locked(path, other);
    // Random, so that two contenders that saw each other do not meet again for ever.
    await delay(10 + Math.random() * 30);
  }
}

async function createTicket(path: string): Promise<Ticket> {
  const file = `${path}.${process.pid}.${ownStart()}.${place()}.${randomBytes(6).toString("hex")}`;
  try {
    return { file, keep: await take(file) };
  } catch (error) {
    throw fileError("write", file, error);
  }
}

async function giveBack({ file, keep }: Ticket): Promise<void> {
  try {
    await keep[Symbol.asyncDispose]();
    await rm(file, { force: true });
  } catch {
    // Then it counts until this process ends; that must not hide what the action returned or threw.
  }
}

interface Holder {
  readonly file: string;
  readonly pid: number;
  readonly start: string;
  readonly place: string;
}

async function otherHolder(path: string, own: string): Promise<Holder | undefined> {
  for (const holder of await holders(path)) {
    if (holder.file === own) continue;
    if (await mayBeHeld(holder)) return holder;
    // Others may be removing it, too; nobody holds it, whether it goes or not.
    await rm(holder.file, { force: true }).catch(() => undefined);
  }
  return undefined;
}

async function holders(path: string): Promise<Holder[]> {
  const directory = dirname(path);
  const prefix = `${basename(path)}.`;
  const names = (await readdir(directory)).filter((name) => name.startsWith(prefix));
  return names.map((name) => {
    const [pid = "", start = "", where = ""] = name.slice(prefix.length).split(".");
    return { file: join(directory, name), pid: Number(pid), start, place: where };
  });
}

/** In doubt it is held: by one on another machine, or in another container, who cannot be asked. */
async function mayBeHeld(holder: Holder): Promise<boolean> {
  return holder.place !== place() || (await isHeld(holder));
}

/** Where process ids mean the same: the host and, on Linux, the PID namespace. */
function place(): string {
  return createHash("sha256").update(`${hostname()} ${pidNamespace()}`).digest("hex").slice(0, 8);
}

function pidNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

function locked(path: string, { pid, file, place: where }: Holder): ConfigError {
  const elsewhere = where === place() ? "" : " on another machine or in another container";
  return new ConfigError(
    "ERR_LOCKED",
    `${dirname(path)} is in use by process ${pid}${elsewhere}`,
    `wait until it is done; if no such process uses it any more, run: rm ${shellWord(file)}`,
  );
}
