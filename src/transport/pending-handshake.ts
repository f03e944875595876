import type { Socket } from "node:net";
import type { CredentialState } from "../credentials/credential-state.js";
import { type CodedError, isCodedError } from "../errors.js";
import type { Admission } from "./admission.js";
import { awaitClientHello } from "./client-hello.js";
import { closedDuringHandshake, handshakeError, handshakeTimeout } from "./handshake-error.js";

export interface HandshakeSteps {
  /** It is this connection's turn. Returns the credentials that the handshake is run with. */
  begin(): CredentialState;
  /** Without a fault the peer said nothing at all and left: somebody looked whether we are there. */
  fail(fault?: CodedError): void;
}

/** Who gets a place when this part of its time is over would only have a handshake computed in vain. */
const latestStart = 0.9;

/**
 * For this part of its time a handshake has its place. One that is computed is done long before; one that waits for a
 * silent peer costs memory but no time, and must not keep others out until its own time is over.
 */
const placeShare = 0.2;

/**
 * A connection between `accept()` and the verdict about it. One timer covers all of it: waiting for the hello, waiting
 * for a place, and every byte of the handshake, however slowly they drip. Dispose it when there is a verdict.
 */
export class PendingHandshake implements Disposable {
  /** What the handshake is run with, once it has begun. */
  madeWith: CredentialState | undefined;
  readonly #timeoutMs: number;
  readonly #steps: HandshakeSteps;
  readonly #acceptedAt = performance.now();
  readonly #deadline: NodeJS.Timeout;
  #place: Disposable | undefined;
  #placeTimer: NodeJS.Timeout | undefined;
  #disposed = false;

  constructor(raw: Socket, admission: Admission, timeoutMs: number, steps: HandshakeSteps) {
    this.#timeoutMs = timeoutMs;
    this.#steps = steps;
    this.#deadline = setTimeout(() => steps.fail(handshakeTimeout(timeoutMs)), timeoutMs).unref();
    raw.once("close", () => steps.fail(raw.bytesRead === 0 ? undefined : closedDuringHandshake()));
    const onHello = () => {
      if (!this.#disposed) this.#place = admission.enterHandshake(() => this.#begin());
    };
    awaitClientHello(raw, onHello, steps.fail);
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    clearTimeout(this.#deadline);
    clearTimeout(this.#placeTimer);
    this.#place?.[Symbol.dispose]();
  }

  #begin(): void {
    const timeoutMs = this.#timeoutMs;
    try {
      if (performance.now() - this.#acceptedAt > timeoutMs * latestStart) throw handshakeTimeout(timeoutMs);
      this.madeWith = this.#steps.begin();
      this.#placeTimer = setTimeout(() => this.#place?.[Symbol.dispose](), timeoutMs * placeShare).unref();
    } catch (error) {
      // Later, when the place that was just given is known here and can be given back.
      queueMicrotask(() => this.#steps.fail(isCodedError(error) ? error : handshakeError(error)));
    }
  }
}
