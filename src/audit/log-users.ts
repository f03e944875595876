import { UsageError } from "../errors.js";

/** The servers that write to a log: the calls that have begun need a record of their end. */
export class LogUsers {
  #count = 0;

  /** One more, until the result is disposed of. */
  add(): Disposable {
    this.#count += 1;
    let isThere = true;
    return {
      [Symbol.dispose]: () => {
        if (isThere) this.#count -= 1;
        isThere = false;
      },
    };
  }

  /** @throws UsageError ERR_AUDIT_IN_USE */
  assertNone(): void {
    if (this.#count === 0) return;
    throw new UsageError(
      "ERR_AUDIT_IN_USE",
      "the audit log cannot be closed while a server writes to it: close or drain the server first",
    );
  }
}
