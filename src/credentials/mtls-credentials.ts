import { LiveReading } from "../files/live-reading.js";
import type { PinSet } from "../identity/pin-set.js";
import type { TrustBundle } from "../identity/trust-bundle.js";
import type { X509Svid } from "../identity/x509-svid.js";
import { processWarning } from "../process-warning.js";
import { MutableSource, type Source } from "../source.js";
import type { CredentialSnapshot, CredentialState } from "./credential-state.js";

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
  readonly #reading: LiveReading;
  #snapshot: CredentialSnapshot | undefined;

  /** @internal */
  constructor(state: CredentialState, origin?: CredentialOrigin) {
    this.#state = new MutableSource(state);
    this.svid = part(this.#state, ({ svid }) => svid);
    this.bundle = part(this.#state, ({ bundle }) => bundle);
    this.pins = part(this.#state, ({ pins }) => pins);
    this.#origin = origin;
    this.#snapshot = origin?.snapshot;
    const { directory, watch } = origin ?? { directory: "", watch: false };
    this.#reading = new LiveReading({ directory, watch, read: () => this.#read() });
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
    return this.#reading.onRefused(listener);
  }

  /** Reads the directory now. On an error the old state stays in force. @throws ConfigError */
  reload(): Promise<void> {
    return this.#reading.reload();
  }

  /** Stops watching. The state stays readable. */
  close(): Promise<void> {
    return this.#reading.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #read(): Promise<void> {
    const previous = this.#snapshot;
    if (this.#origin === undefined || previous === undefined) return;
    const next = await this.#origin.read(previous);
    if (next === previous || this.#reading.closed) return;
    this.#snapshot = next;
    try {
      this.#state.set(next.state);
    } catch (error) {
      // A listener that fails does not make the new state a bad one.
      processWarning(error);
    }
  }
}

/** Credentials that never change, for a state that was made in memory. */
export function staticCredentials(state: CredentialState): MtlsCredentials {
  return new MtlsCredentials(state);
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
