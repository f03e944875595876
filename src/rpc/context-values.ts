/** A typed key of {@link ContextValues}. Each key made is distinct, whatever its description. */
export interface ContextKey<T> {
  readonly description: string;
  readonly defaultValue: T;
}

/** @example const tenant = contextKey("tenant", ""); call.values.set(tenant, "acme"); */
export function contextKey<T>(description: string, defaultValue: T): ContextKey<T> {
  return { description, defaultValue };
}

/** What interceptors and the handler of one call share. Never sent. */
export class ContextValues {
  readonly #values = new Map<ContextKey<unknown>, unknown>();

  get<T>(key: ContextKey<T>): T {
    // set() is the only writer, and its signature ties the value's type to the key's.
    return this.#values.has(key) ? (this.#values.get(key) as T) : key.defaultValue;
  }

  set<T>(key: ContextKey<T>, value: T): void {
    this.#values.set(key, value);
  }
}
