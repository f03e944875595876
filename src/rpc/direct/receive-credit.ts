import { ProtocolViolation } from "./violation.js";

/** What the peer may still send on all streams of a connection together, and what it is owed. */
export class ReceiveCredit {
  readonly #windowBytes: number;
  /** Credit is announced when so much of it is due. */
  readonly #announceBytes: number;
  readonly #announce: (bytes: number) => void;
  #left: number;
  #due = 0;
  /** What may still be under way on streams that this side has ended: the credit that those had. */
  #late = 0;

  constructor(windowBytes: number, announceBytes: number, announce: (bytes: number) => void) {
    this.#windowBytes = windowBytes;
    this.#announceBytes = announceBytes;
    this.#announce = announce;
    this.#left = windowBytes;
  }

  /** DATA has come. @throws ProtocolViolation CREDIT_EXCEEDED */
  take(cost: number): void {
    this.#left -= cost;
    if (this.#left < 0) {
      throw new ProtocolViolation("CREDIT_EXCEEDED", "more DATA than the connection had credit for");
    }
  }

  /** Something was taken by whoever it was for, so that the peer may send as much again. */
  giveBack(cost: number): void {
    this.#due += cost;
    if (this.#due < this.#announceBytes) return;
    this.#left += this.#due;
    this.#announce(this.#due);
    this.#due = 0;
  }

  /** The peer may not know yet that a stream has ended; more than the connection's credit cannot be under way. */
  expectLate(credit: number): void {
    this.#late = Math.min(this.#late + credit, this.#windowBytes);
  }

  /** DATA of a stream that has ended. @throws ProtocolViolation CREDIT_EXCEEDED */
  takeLate(cost: number): void {
    this.#late -= cost;
    if (this.#late < 0) {
      throw new ProtocolViolation("CREDIT_EXCEEDED", "more DATA on streams that have ended than they had credit for");
    }
    this.giveBack(cost);
  }
}
