import { appendLineDurably, completeLines } from "../files/durable-append.js";
import { readRecord } from "./read-record.js";
import { newSerialNumber } from "./serial-number.js";

/** The file of the serial numbers that a CA has used, one a line. It is read once, and then only what was added since. */
export class SerialLedger {
  readonly #path: string;
  readonly #taken = new Set<string>();
  #bytesRead = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** A number that no other certificate has or will have. It is spent, whatever happens next. Call under the lock. */
  async reserve(): Promise<string> {
    await this.#readOn();
    const serialNumber = newSerialNumber(this.#taken);
    await appendLineDurably(this.#path, serialNumber);
    return serialNumber;
  }

  async #readOn(): Promise<void> {
    const added = await readRecord(this.#path, this.#bytesRead);
    const lines = completeLines(added);
    for (const line of lines) this.#taken.add(line);
    this.#bytesRead += added.lastIndexOf("\n") + 1;
  }
}
