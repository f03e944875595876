import type { Attributes, Counter } from "@opentelemetry/api";

/** A counter with one attribute of few values, and the same others each time. Its attributes are made once for each value. */
export class LabelledCounter<Value extends string> {
  readonly #counter: Counter;
  readonly #label: string;
  readonly #others: Attributes;
  readonly #made = new Map<Value, Attributes>();

  constructor(counter: Counter, label: string, others: Attributes = {}) {
    this.#counter = counter;
    this.#label = label;
    this.#others = others;
  }

  add(value: Value, count = 1): void {
    let attributes = this.#made.get(value);
    if (attributes === undefined) {
      attributes = { [this.#label]: value, ...this.#others };
      this.#made.set(value, attributes);
    }
    this.#counter.add(count, attributes);
  }
}
