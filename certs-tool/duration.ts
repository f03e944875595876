import { CommandLineError } from "../src/command-line/arguments.js";

const units = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `90s`, `30m`, `24h` or `7d` in milliseconds. @throws CommandLineError */
export function parseDuration(text: string, option: string): number {
  const match = /^(\d{1,6})([smhd])$/.exec(text);
  if (match?.[1] === undefined) {
    throw new CommandLineError(
      `${option} ${JSON.stringify(text)} is not a duration`,
      "write a number and s, m, h or d, for example 24h",
    );
  }
  return Number(match[1]) * units[match[2] as keyof typeof units];
}
