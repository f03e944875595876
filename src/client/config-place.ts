import { ConfigError } from "../errors.js";

/** A value somewhere in a service config, with the words for where that is. */
export class ConfigPlace {
  readonly path: string;
  readonly value: unknown;

  constructor(path: string, value: unknown) {
    this.path = path;
    this.value = value;
  }

  /** An object without unknown fields; a misspelt one would be ignored without a word. */
  fields<K extends string>(known: readonly K[]): Record<K, ConfigPlace> {
    const { value } = this;
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw this.wrong("be an object");
    for (const key of Object.keys(value)) {
      if (known.includes(key as K)) continue;
      throw configError(`${this.path} has no field ${JSON.stringify(key)}`, `it knows ${known.join(", ")}`);
    }
    const places = known.map((key) => [key, this.#child(`.${key}`, (value as Record<string, unknown>)[key])]);
    return Object.fromEntries(places) as Record<K, ConfigPlace>;
  }

  items({ min }: { min: 0 | 1 }): ConfigPlace[] {
    if (!Array.isArray(this.value) || this.value.length < min)
      throw this.wrong(min === 0 ? "be a list" : "be a list with at least one element");
    return this.value.map((value, i) => this.#child(`[${i}]`, value));
  }

  number(rule: string, fits: (value: number) => boolean): number {
    if (typeof this.value === "number" && fits(this.value)) return this.value;
    throw this.wrong(rule);
  }

  boolean(): boolean {
    if (typeof this.value === "boolean") return this.value;
    throw this.wrong("be true or false");
  }

  get present(): boolean {
    return this.value !== undefined;
  }

  wrong(rule: string): ConfigError {
    const shown = this.present ? `is ${brief(this.value)}` : "is missing";
    return configError(`${this.path} ${shown}`, `it has to ${rule}`);
  }

  #child(step: string, value: unknown): ConfigPlace {
    return new ConfigPlace(`${this.path}${step}`, value);
  }
}

export function configError(problem: string, hint: string): ConfigError {
  return new ConfigError("ERR_SERVICE_CONFIG", problem, hint);
}

function brief(value: unknown): string {
  if (typeof value === "number" || typeof value === "boolean" || value === null) return String(value);
  if (typeof value === "string") return JSON.stringify(value.slice(0, 80));
  return Array.isArray(value) ? `a list of ${value.length}` : `of type ${typeof value}`;
}
