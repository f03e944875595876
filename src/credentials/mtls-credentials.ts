import type { PinSet } from "../identity/pin-set.js";
import type { TrustBundle } from "../identity/trust-bundle.js";
import type { X509Svid } from "../identity/x509-svid.js";
import { MutableSource, type Source } from "../source.js";
import type { CredentialSnapshot, CredentialState } from "./credential-state.js";
import { DirectoryWatch } from "./directory-watch.js";

/** A writer that was interrupted half-way through its files gets this long before its work counts as bad. */
const graceMs = 500;

/** @internal Where a state comes from, when it does not stay the same. */
export interface CredentialOrigin {
  readonly directory: string;
  readonly watch: boolean;
  readonly snapshot: CredentialSnapshot;
  /** Reads it again; returns `previous` when nothing changed. */
  read(previous: CredentialSnapshot): Promise<CredentialSnapshot>;
}

/**
 * Who we are, whom we trust and which keys they may have, as one value that may be replaced while the process runs. Made
 * by `loadCredentials` or `staticCredentials`. It holds a file watcher until it is closed, but does not keep the process
 * alive.
 */
export class MtlsCredentials implements Source<CredentialState>, AsyncDisposable {
  /** The parts, each with a change of its own. Two of them read one after the other may belong to different states. */
  readonly svid: Source<X509Svid>;
  readonly bundle: Source<TrustBundle>;
  readonly pins: Source<PinSet>;
  readonly #state: MutableSource<CredentialState>;
  readonly #origin: CredentialOrigin | undefined;
  readonly #watch: DirectoryWatch | undefined;
  readonly #refusedListeners = new Set<(error: Error) => void>();
  #snapshot: CredentialSnapshot | undefined;
  #reading: Promise<void> = Promise.resolve();
  #closed = false;
  #grace: NodeJS.Timeout | undefined;
  #lastRefusal: string | undefined;

  /** @internal */
  constructor(state: CredentialState, origin?: CredentialOrigin) {
    this.#state = new MutableSource(state);
    this.svid = part(this.#state, ({ svid }) => svid);
    this.bundle = part(this.#state, ({ bundle }) => bundle);
    this.pins = part(this.#state, ({ pins }) => pins);
    this.#origin = origin;
    this.#snapshot = origin?.snapshot;
    if (origin?.watch) this.#watch = new DirectoryWatch(origin.directory, () => void this.#look());
  }

  current(): CredentialState {
    return this.#state.current();
  }

  onChange(listener: (state: CredentialState) => void): Disposable {
    return this.#state.onChange(listener);
  }

  /**
   * Calls `listener` when a new state on disk was refused, once for each reason; the old state stays in force. Without a
   * listener it is a process warning.
   */
  onRefused(listener: (error: Error) => void): Disposable {
    const own = (error: Error) => listener(error);
    this.#refusedListeners.add(own);
    return { [Symbol.dispose]: () => void this.#refusedListeners.delete(own) };
  }

  /** Reads the directory now. On an error the old state stays in force. @throws ConfigError */
  reload(): Promise<void> {
    // One after the other, so that an older reading never replaces a newer one.
    this.#reading = this.#reading.then(
      () => this.#read(),
      () => this.#read(),
    );
    return this.#reading;
  }

  /** Stops watching. The state stays readable. */
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
    const previous = this.#snapshot;
    if (this.#origin === undefined || previous === undefined || this.#closed) return;
    const next = await this.#origin.read(previous);
    this.#lastRefusal = undefined;
    if (next === previous || this.#closed) return;
    this.#snapshot = next;
    // A listener that fails does not make the new state a bad one.
    warnOnThrow(() => this.#state.set(next.state));
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
    if (this.#refusedListeners.size === 0) process.emitWarning(error);
    for (const listener of [...this.#refusedListeners]) warnOnThrow(() => listener(error));
  }
}

/** Credentials that never change, for a state that was made in memory. */
export function staticCredentials(state: CredentialState): MtlsCredentials {
  return new MtlsCredentials(state);
}

function warnOnThrow(action: () => void): void {
  try {
    action();
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : String(error));
  }
}

function part<T>(state: MutableSource<CredentialState>, pick: (state: CredentialState) => T): Source<T> {
  return {
    current: () => pick(state.current()),
    onChange(listener) {
      let last = pick(state.current());
      return state.onChange((next) => {
        if (pick(next) === last) return;
        last = pick(next);
        listener(last);
      });
    },
  };
}
