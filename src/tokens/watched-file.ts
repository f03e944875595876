import { dirname } from "node:path";
import { LiveReading } from "../files/live-reading.js";
import { checkTrustedDirectory } from "../files/private-directory.js";
import { readPublicFile } from "../files/private-file.js";
import { whenMissing } from "../files/when-missing.js";

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
  readonly #reading: LiveReading;
  #text: string;
  #value: T;

  /** @throws ConfigError ERR_FILE_MISSING, ERR_FILE_NOT_PRIVATE, ERR_DIRECTORY_NOT_PRIVATE, and what `parse` throws */
  static async open<T>(
    path: string,
    parse: (text: string, path: string) => T,
    listener: WatchListener,
    howToMake: string,
  ): Promise<WatchedFile<T>> {
    const text = await whenMissing(howToMake, read(path));
    return new WatchedFile(path, parse, listener, text);
  }

  private constructor(path: string, parse: (text: string, path: string) => T, listener: WatchListener, text: string) {
    this.#text = text;
    this.#value = parse(text, path);
    const look = async () => {
      const now = await read(path);
      if (now === this.#text || this.#reading.closed) return;
      this.#value = parse(now, path);
      this.#text = now;
      listener.onChange(path);
    };
    this.#reading = new LiveReading({ directory: dirname(path), watch: true, read: look });
    this.#reading.onRefused((error) => listener.onRefused(path, error));
  }

  current(): T {
    return this.#value;
  }

  [Symbol.dispose](): void {
    void this.#reading.close();
  }
}

async function read(path: string): Promise<string> {
  await checkTrustedDirectory(dirname(path));
  return (await readPublicFile(path)).toString("utf8");
}
