/** Something that happens once. Who listens later than that hears of it at once. */
export class Moment<T> {
  #listeners: ((value: T) => void)[] = [];
  #come: { readonly value: T } | undefined;

  get hasCome(): boolean {
    return this.#come !== undefined;
  }

  listen(listener: (value: T) => void): void {
    if (this.#come === undefined) this.#listeners.push(listener);
    else listener(this.#come.value);
  }

  /** A second time does nothing. */
  come(value: T): void {
    if (this.#come !== undefined) return;
    this.#come = { value };
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener(value);
  }
}
