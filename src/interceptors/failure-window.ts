/** The window moves in so many steps. */
const steps = 10;

/** How many calls there were within the last while, and how many of them failed. */
export class FailureWindow {
  readonly #stepMs: number;
  readonly #now: () => number;
  readonly #calls = new Array<number>(steps).fill(0);
  readonly #failed = new Array<number>(steps).fill(0);
  #step = 0;

  /** `now` is a clock in milliseconds that never goes back. */
  constructor(windowMs: number, now: () => number) {
    this.#stepMs = windowMs / steps;
    this.#now = now;
  }

  get calls(): number {
    this.#advance();
    return sum(this.#calls);
  }

  get failed(): number {
    this.#advance();
    return sum(this.#failed);
  }

  count(failed: boolean): void {
    this.#advance();
    const at = this.#step % steps;
    this.#calls[at] = (this.#calls[at] as number) + 1;
    if (failed) this.#failed[at] = (this.#failed[at] as number) + 1;
  }

  clear(): void {
    this.#calls.fill(0);
    this.#failed.fill(0);
  }

  #advance(): void {
    const step = Math.floor(this.#now() / this.#stepMs);
    const behind = Math.min(step - this.#step, steps);
    for (let i = 0; i < behind; i++) {
      this.#calls[(step - i) % steps] = 0;
      this.#failed[(step - i) % steps] = 0;
    }
    if (behind > 0) this.#step = step;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
