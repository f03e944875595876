import { dirname } from "node:path";
import { DirectoryWatch } from "../files/directory-watch.js";
import { effectiveUid } from "../files/file-modes.js";
import { checkPrivateDirectory } from "../files/private-directory.js";
import { readPublicFile } from "../files/private-file.js";

/** Told about a file that is watched. */
export interface WatchListener {
  onChange(file: string): void;
  /** A new content that cannot be used; the old one stays in force. Once for each reason. */
  onRefused(file: string, error: Error): void;
}

/**
 * A file whose content may be replaced while the process runs. Others may read it, but neither it nor its directory may
 * be theirs to change. A new content that is bad, or a file that is gone, leaves the old one in force.
 */
export class WatchedFile<T> implements Disposable {
  readonly #path: string;
  readonly #parse: (text: string, path: string) => T;
  readonly #listener: WatchListener;
  readonly #watch: DirectoryWatch;
  #text: string;
  #value: T;
  #closed = false;
  #reading: Promise<void> = Promise.resolve();
  #lastRefusal: string | undefined;

  /** @throws ConfigError ERR_FILE_MISSING, ERR_FILE_NOT_PRIVATE, ERR_DIRECTORY_NOT_PRIVATE, and what `parse` throws */
  static async open<T>(
    path: string,
    parse: (text: string, path: string) => T,
    listener: WatchListener,
  ): Promise<WatchedFile<T>> {
    const text = await read(path);
    return new WatchedFile(path, parse, listener, text);
  }

  private constructor(path: string, parse: (text: string, path: string) => T, listener: WatchListener, text: string) {
    this.#path = path;
    this.#parse = parse;
    this.#listener = listener;
    this.#text = text;
    this.#value = parse(text, path);
    this.#watch = new DirectoryWatch(dirname(path), () => this.#look());
  }

  current(): T {
    return this.#value;
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#watch[Symbol.dispose]();
  }

  /** One after the other, so that an older reading never replaces a newer one. */
  #look(): void {
    this.#reading = this.#reading.then(() => this.#reload());
  }

  async #reload(): Promise<void> {
    try {
      const text = await read(this.#path);
      if (this.#closed) return;
      const known = text === this.#text;
      const value = known ? this.#value : this.#parse(text, this.#path);
      this.#lastRefusal = undefined;
      if (known) return;
      this.#text = text;
      this.#value = value;
      this.#listener.onChange(this.#path);
    } catch (error) {
      if (!this.#closed) this.#refuse(error as Error);
    }
  }

  #refuse(error: Error): void {
    if (this.#lastRefusal === error.message) return;
    this.#lastRefusal = error.message;
    this.#listener.onRefused(this.#path, error);
  }
}

async function read(path: string): Promise<string> {
  await checkPrivateDirectory(dirname(path), { owners: [effectiveUid(), 0] });
  return (await readPublicFile(path)).toString("utf8");
}
