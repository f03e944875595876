import { CommandLineError } from "../command-line/arguments.js";

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** `500ms`, `2s`, `1.5s`, `5m`, `1h` in milliseconds. @throws CommandLineError */
export function parseTimeout(text: string): number {
  const [, digits, unit] = /^(\d{1,7}(?:\.\d{1,3})?)(ms|s|m|h)$/.exec(text) ?? [];
  const ms = Number(digits) * units[unit as keyof typeof units];
  if (ms >= 1 && ms <= 2 ** 31 - 1) return ms;
  throw new CommandLineError(
    `--timeout ${JSON.stringify(text)} is not a time`,
    "write a number and ms, s, m or h, for example 2s; from 1ms to 596h",
  );
}
