import { quietly } from "../quietly.js";
import type { Attributes } from "./metrics.js";

export interface Reading {
  readonly attributes: Attributes;
  readonly value: number;
}

/** Values that are read when they are collected. */
export class GaugeMetric implements Iterable<Reading> {
  readonly #sources = new Set<{ readonly attributes: Attributes; read(): number }>();

  /** Until what it returns is disposed of. */
  follow(attributes: Attributes, read: () => number): Disposable {
    const source = { attributes, read };
    this.#sources.add(source);
    return { [Symbol.dispose]: () => void this.#sources.delete(source) };
  }

  *[Symbol.iterator](): Iterator<Reading> {
    for (const { attributes, read } of this.#sources) {
      const value = quietly(read);
      if (value !== undefined) yield { attributes, value };
    }
  }
}
