/**
 * Rules of output:
 *
 * 1. stdout gets the result and nothing else: text for people, or with `--json` one JSON object on one line.
 * 2. stderr gets what went wrong: a line `certs-tool: error: …`, then a line `hint: …` that says what to do.
 * 3. A message starts with a small letter (unless a name begins it) and ends without a full stop.
 * 4. A line is a line: control characters, which a hostile file name or certificate may hold, are shown escaped.
 * 5. Exit code 0: done, or it was so already. 1: refused or failed. 2: the command line is not understood.
 * 6. No private key and no passphrase, ever. No colours, no progress, no questions.
 */
import type { Writable } from "node:stream";
import { escapeControls } from "../src/escape-controls.js";

export interface Output {
  /** The result, in both forms. */
  result(json: object, lines: readonly string[]): void;
  error(problem: string, hint: string): void;
}

export const exitCode = { ok: 0, failed: 1, usage: 2 } as const;
export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

export function createOutput(streams: { stdout: Writable; stderr: Writable }, asJson: boolean): Output {
  return {
    result(json, lines) {
      const text = asJson ? [JSON.stringify(json)] : lines;
      streams.stdout.write(text.map((line) => `${escapeControls(line)}\n`).join(""));
    },
    error(problem, hint) {
      streams.stderr.write(`certs-tool: error: ${escapeControls(problem)}\nhint: ${escapeControls(hint)}\n`);
    },
  };
}

/** A moment, to the second, in UTC. */
export function formatTime(time: Date | string): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
}

/** Rows with their columns lined up; the first row is the heading. */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
