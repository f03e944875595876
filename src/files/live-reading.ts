import { Listeners } from "../listeners.js";
import { processWarning } from "../process-warning.js";
import { DirectoryWatch } from "./directory-watch.js";

/** A writer that was interrupted half-way through its files gets this long before its work counts as bad. */
const graceMs = 500;

export interface LiveReadingOptions {
  /** Where the files are. */
  readonly directory: string;
  /** Whether to read again by itself when something changes there. */
  readonly watch: boolean;
  /** Reads the files and puts what they say in force; when it throws, nothing has changed. */
  read(): Promise<void>;
}

/**
 * Keeps something up to date with its files. A bad state on disk is reported once, after its writer had a moment to finish,
 * and changes nothing. Does not keep the process alive.
 */
export class LiveReading implements AsyncDisposable {
  readonly #options: LiveReadingOptions;
  readonly #watch: DirectoryWatch | undefined;
  readonly #listeners = new Listeners<Error>();
  #reading: Promise<void> = Promise.resolve();
  #closed = false;
  #grace: NodeJS.Timeout | undefined;
  #lastRefusal: string | undefined;

  constructor(options: LiveReadingOptions) {
    this.#options = options;
    if (options.watch) this.#watch = new DirectoryWatch(options.directory, () => void this.#look());
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Calls `listener` when a new state on disk was refused, once for each reason; without one it is a process warning. */
  onRefused(listener: (error: Error) => void): Disposable {
    return this.#listeners.add(listener);
  }

  /** Reads now. On an error the old state stays in force. @throws what `read` throws */
  reload(): Promise<void> {
    // One after the other, so that an older reading never replaces a newer one.
    this.#reading = this.#reading.then(
      () => this.#read(),
      () => this.#read(),
    );
    return this.#reading;
  }

  /** Stops watching. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#grace);
    this.#watch?.[Symbol.dispose]();
    await this.#reading.catch(() => undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #read(): Promise<void> {
    if (this.#closed) return;
    await this.#options.read();
    this.#lastRefusal = undefined;
  }

  async #look(isSecond = false): Promise<void> {
    clearTimeout(this.#grace);
    try {
      await this.reload();
    } catch (error) {
      if (this.#closed) return;
      if (isSecond) this.#refuse(error as Error);
      else this.#grace = setTimeout(() => void this.#look(true), graceMs).unref();
    }
  }

  #refuse(error: Error): void {
    if (this.#lastRefusal === error.message) return;
    this.#lastRefusal = error.message;
    if (this.#listeners.size === 0) processWarning(error);
    else this.#listeners.tell(error);
  }
}
