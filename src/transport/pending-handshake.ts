import type { Socket } from "node:net";
import type { CredentialState } from "../credentials/credential-state.js";
import type { CodedError } from "../errors.js";
import type { Admission } from "./admission.js";
import { awaitClientHello } from "./client-hello.js";
import { closedDuringHandshake, handshakeError, handshakeTimeout } from "./handshake-error.js";

export interface HandshakeSteps {
  /** It is this connection's turn. Returns the credentials that the handshake is run with. */
  begin(): CredentialState;
  /** Without a fault the peer said nothing at all and left: somebody looked whether we are there. */
  fail(fault?: CodedError): void;
}

/**
 * For this part of its time a handshake has its place. One that is computed is done long before; one that waits for a
 * silent peer costs memory but no time, and must not keep others out until its own time is over.
 */
const placeShare = 0.2;

/**
 * A connection between `accept()` and the verdict about it. The hello and the handshake share one allowance of time,
 * however slowly their bytes drip; waiting for a place, which is not the peer's fault, has another one of the same size.
 * Dispose it when there is a verdict.
 */
export class PendingHandshake implements Disposable {
  /** What the handshake is run with, once it has begun. */
  madeWith: CredentialState | undefined;
  readonly #timeoutMs: number;
  readonly #steps: HandshakeSteps;
  #timer: NodeJS.Timeout | undefined;
  #place: Disposable | undefined;
  #placeTimer: NodeJS.Timeout | undefined;
  #disposed = false;

  constructor(raw: Socket, admission: Admission, timeoutMs: number, steps: HandshakeSteps) {
    this.#timeoutMs = timeoutMs;
    this.#steps = steps;
    const acceptedAt = performance.now();
    raw.once("close", () => steps.fail(raw.bytesRead === 0 ? undefined : closedDuringHandshake()));
    const onHello = () => {
      if (this.#disposed) return;
      const remainingMs = timeoutMs - (performance.now() - acceptedAt);
      this.#allow(timeoutMs);
      this.#place = admission.handshakes.enter(() => this.#begin(remainingMs));
    };
    this.#allow(timeoutMs);
    awaitClientHello(raw, onHello, steps.fail);
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#placeTimer);
    this.#place?.[Symbol.dispose]();
  }

  #begin(remainingMs: number): void {
    try {
      this.#allow(remainingMs);
      this.madeWith = this.#steps.begin();
      this.#placeTimer = setTimeout(() => this.#place?.[Symbol.dispose](), this.#timeoutMs * placeShare).unref();
    } catch (error) {
      // Later, when the place that was just given is known here and can be given back.
      queueMicrotask(() => this.#steps.fail(handshakeError(error)));
    }
  }

  #allow(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#steps.fail(handshakeTimeout(this.#timeoutMs)), ms).unref();
  }
}
