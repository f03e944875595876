interface Waiting {
  resolve(payload: Buffer): void;
  reject(error: Error): void;
}

/** Answers of one kind come in the order of their questions, so a queue is all the book-keeping there is. */
export class AnswerQueue {
  #waiting: Waiting[] = [];
  #next = 0;

  /** The answer that comes after those that others wait for. */
  next(): Promise<Buffer> {
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  answer(payload: Buffer): void {
    this.#take()?.resolve(payload);
  }

  fail(error: Error): void {
    for (let waiting = this.#take(); waiting !== undefined; waiting = this.#take()) waiting.reject(error);
  }

  #take(): Waiting | undefined {
    const waiting = this.#waiting[this.#next];
    this.#next += 1;
    if (this.#next >= this.#waiting.length) {
      this.#waiting = [];
      this.#next = 0;
    }
    return waiting;
  }
}
