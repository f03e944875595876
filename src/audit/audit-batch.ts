/** Records that go into the log with one write: those who wait for it wait for one promise. */
export class AuditBatch {
  /** As `recordText` gives them. */
  readonly texts: string[] = [];
  /** Resolves with the sequence number of the first record. */
  readonly written: Promise<number>;
  #first: number | undefined;
  #resolve: (first: number) => void = () => {};
  #reject: (reason: Error) => void = () => {};

  constructor() {
    this.written = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Not everybody who adds a record waits for it.
    this.written.catch(() => {});
  }

  add(text: string): PendingRecord {
    return new PendingRecord(this, this.texts.push(text) - 1);
  }

  /** The sequence number of the first record, once it is in the file. */
  get first(): number | undefined {
    return this.#first;
  }

  succeed(first: number): void {
    this.#first = first;
    this.#resolve(first);
  }

  fail(reason: Error): void {
    this.#reject(reason);
  }
}

/** A record on its way into the log. */
export class PendingRecord {
  readonly #batch: AuditBatch;
  readonly #index: number;

  constructor(batch: AuditBatch, index: number) {
    this.#batch = batch;
    this.#index = index;
  }

  /** Its sequence number; undefined until it is in the file. */
  get seq(): number | undefined {
    const { first } = this.#batch;
    return first === undefined ? undefined : first + this.#index;
  }

  /** Settles when it is in the file, or cannot be: shared with those written at the same moment. */
  get written(): Promise<unknown> {
    return this.#batch.written;
  }
}
