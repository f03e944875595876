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
 * A connection between `accept()` and the verdict about it. One timer covers all of it: waiting for the hello, waiting
 * for a place, and every byte of the handshake, however slowly they drip. Dispose it when there is a verdict.
 */
export class PendingHandshake implements Disposable {
  readonly #timer: NodeJS.Timeout;
  #place: Disposable | undefined;
  #disposed = false;
  /** What the handshake is run with, once it has begun. */
  madeWith: CredentialState | undefined;

  constructor(raw: Socket, admission: Admission, timeoutMs: number, { begin, fail }: HandshakeSteps) {
    this.#timer = setTimeout(() => fail(handshakeTimeout(timeoutMs)), timeoutMs).unref();
    raw.once("close", () => fail(raw.bytesRead === 0 ? undefined : closedDuringHandshake()));
    const start = () => {
      try {
        this.madeWith = begin();
      } catch (error) {
        // Later, when the place that was just given is known here and can be given back.
        queueMicrotask(() => fail(handshakeError(error)));
      }
    };
    const onHello = () => {
      if (!this.#disposed) this.#place = admission.enterHandshake(start);
    };
    awaitClientHello(raw, onHello, fail);
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
    this.#place?.[Symbol.dispose]();
  }
}
