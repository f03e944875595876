import { UsageError } from "./errors.js";
import type { Source } from "./source.js";

/** setTimeout() counts in 32 bits; a longer delay would fire at once. */
export const maxDelayMs = 2 ** 31 - 1;

/** @throws UsageError ERR_NO_CREDENTIALS */
export function checkCredentials<T>(where: string, credentials: Source<T>): Source<T> {
  // JavaScript may pass anything, and a mistake found now is better than one at the first connection.
  if (typeof credentials?.current === "function" && typeof credentials.onChange === "function") return credentials;
  throw new UsageError("ERR_NO_CREDENTIALS", `${where} needs credentials: await loadCredentials("certs/…")`);
}

/** A time span that a timer can hold. @throws UsageError ERR_INVALID_OPTION */
export function checkDelayMs(name: string, value: number): number {
  return checkWholeOrMore(name, value, 1, maxDelayMs);
}

/** @throws UsageError ERR_INVALID_OPTION */
export function checkCount(name: string, value: number): number {
  if (!Number.isInteger(value)) throw invalid(name, "must be a whole number", value);
  return checkWholeOrMore(name, value, 1, Number.MAX_SAFE_INTEGER);
}

/** @throws UsageError ERR_INVALID_OPTION */
export function checkChoice<T extends string>(name: string, value: T, choices: readonly T[]): T {
  if (choices.includes(value)) return value;
  throw invalid(name, `must be one of ${choices.join(", ")}`, value);
}

/** Off unless it is set. @throws UsageError ERR_INVALID_OPTION */
export function checkFlag(name: string, value = false): boolean {
  if (typeof value === "boolean") return value;
  throw invalid(name, "must be true or false", value);
}

/** More than 0, and at most 1. @throws UsageError ERR_INVALID_OPTION */
export function checkRatio(name: string, value: number): number {
  if (typeof value === "number" && value > 0 && value <= 1) return value;
  throw invalid(name, "must be more than 0 and at most 1", value);
}

/**
 * A misspelt option would be ignored without a word, and with it what it was meant to secure.
 *
 * @throws UsageError ERR_INVALID_OPTION
 */
export function checkKeys(where: string, options: object, known: readonly string[]): void {
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    throw new UsageError(
      "ERR_INVALID_OPTION",
      `${where} has no option "${key}"; it knows ${[...new Set(known)].join(", ")}`,
    );
  }
}

function checkWholeOrMore(name: string, value: number, min: number, max: number): number {
  if (typeof value !== "number" || !(value >= min && value <= max))
    throw invalid(name, `must be between ${min} and ${max}`, value);
  return value;
}

function invalid(name: string, rule: string, value: unknown): UsageError {
  return new UsageError("ERR_INVALID_OPTION", `${name} ${rule}, not ${String(value)}`);
}
