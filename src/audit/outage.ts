import { recordText } from "./audit-record.js";

/** The log is tried again with the first record that comes this much later. */
const retryAfterMs = 1_000;

/** A time in which a log cannot be written. */
export class Outage {
  readonly #since = new Date().toISOString();
  #code = "";
  #retryAt = 0;
  /** Records that are missing and that no gap in the log counts as yet. */
  lost = 0;

  /** A write has failed. */
  failed(code: string, now: number): void {
    this.#code = code;
    this.#retryAt = now + retryAfterMs;
  }

  /** Whether it is too early to try again. */
  isOn(now: number): boolean {
    return now < this.#retryAt;
  }

  /** A gap that counts so many was written. */
  told(lost: number): void {
    this.lost -= lost;
    this.#retryAt = 0;
  }

  /** Says in the log itself what is missing in it. */
  get gap(): string {
    return recordText({ type: "gap", lost: this.lost, since: this.#since, code: this.#code });
  }

  toString(): string {
    return `cannot be written since ${this.#since} (${this.#code})`;
  }
}
