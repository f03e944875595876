import { type FSWatcher, watch } from "node:fs";
import { stat } from "node:fs/promises";

/** A writer replaces several files, one after the other; it is done when nothing has happened for this long. */
const quietMs = 50;
/**
 * Network file systems and bind mounts into virtual machines report nothing, and a directory that was exchanged as a
 * whole stops reporting. So it is also looked at regularly.
 */
const pollMs = 5_000;

/** Calls `look` whenever something in a directory may have changed. Does not keep the process alive. */
export class DirectoryWatch implements Disposable {
  readonly #directory: string;
  readonly #look: () => void;
  readonly #poll: NodeJS.Timeout;
  #watcher: FSWatcher | undefined;
  /** Which directory the watcher looks at; the path may lead to another one by now. */
  #watched = "";
  #quiet: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(directory: string, look: () => void) {
    this.#directory = directory;
    this.#look = look;
    this.#poll = setInterval(() => void this.#tick(), pollMs).unref();
    void this.#arm();
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    clearInterval(this.#poll);
    clearTimeout(this.#quiet);
    this.#watcher?.close();
  }

  async #tick(): Promise<void> {
    await this.#arm();
    if (!this.#closed) this.#look();
  }

  async #arm(): Promise<void> {
    const identity = await identityOf(this.#directory);
    if (this.#closed || (identity === this.#watched && this.#watcher !== undefined)) return;
    this.#watcher?.close();
    this.#watcher = this.#open();
    this.#watched = identity;
    // What happened before the watcher was there was not reported.
    this.#touch();
  }

  #open(): FSWatcher | undefined {
    try {
      const watcher = watch(this.#directory, { persistent: false }, () => this.#touch());
      return watcher.on("error", () => this.#disarm(watcher));
    } catch {
      // It is missing, or there are no watchers left (inotify's limit): the poll will see.
      return undefined;
    }
  }

  #disarm(watcher: FSWatcher): void {
    watcher.close();
    if (this.#watcher === watcher) this.#watcher = undefined;
  }

  #touch(): void {
    if (this.#closed) return;
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(this.#look, quietMs).unref();
  }
}

async function identityOf(directory: string): Promise<string> {
  try {
    const { dev, ino } = await stat(directory, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return "";
  }
}
