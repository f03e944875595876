/**
 * Rules of output:
 *
 * 1. stdout gets the result and nothing else: text for people, or with `--json` one JSON object on one line.
 * 2. stderr gets what went wrong: a line `pinwire: error: …`, a line with the code if there is one, and a line `hint: …` that
 *    says what to do; or with `--json` one JSON object with all of that.
 * 3. A message starts with a small letter (unless a name begins it) and ends without a full stop.
 * 4. A line is a line: control characters, which a hostile peer, file or name may hold, are shown escaped.
 * 5. Exit codes are in `exit-code.ts`. No secret, ever. No colours, no progress, no questions.
 */
import { once } from "node:events";
import type { Writable } from "node:stream";
import { escapeControls } from "../escape-controls.js";
import { fileError } from "../files/file-error.js";

/** What went wrong, in words that end up on stderr. */
export interface Failure {
  readonly problem: string;
  readonly hint?: string | undefined;
  /** A code of `docs/errors.md`, and the name of its status. */
  readonly code?: string | undefined;
  readonly status?: string | undefined;
  /** More lines about it, with the value they come from for `--json`. */
  readonly details?: readonly { readonly json: unknown; readonly line: string }[];
}

export class Output {
  /** Whether programs read it. */
  readonly json: boolean;
  readonly #readerLeft = new AbortController();
  readonly #stdout: Writable;
  readonly #stderr: Writable;
  #failure: Error | undefined;

  constructor(streams: { readonly stdout: Writable; readonly stderr: Writable }, json: boolean) {
    this.json = json;
    this.#stdout = streams.stdout;
    this.#stderr = streams.stderr;
    this.#stdout.on("error", (error: NodeJS.ErrnoException) => {
      // A reader that stops early (pinwire call … | head) is no failure.
      if (error.code !== "EPIPE") this.#failure ??= error;
      this.#readerLeft.abort(error);
    });
    // There is nowhere left to say so.
    this.#stderr.on("error", () => {});
  }

  /** Aborts when nobody reads the result any more. */
  get readerLeft(): AbortSignal {
    return this.#readerLeft.signal;
  }

  /** The result, in both forms. */
  result(json: object, lines: readonly string[]): void {
    for (const line of this.json ? [JSON.stringify(json)] : lines) this.line(line);
  }

  /** One line of the result. @returns false when the reader is slower than we are, as `Writable.write` does */
  line(text: string): boolean {
    return this.#stdout.write(`${escapeControls(text)}\n`);
  }

  /** Lines that take the place of those before, on a terminal; elsewhere they follow, after an empty one. */
  screen(lines: readonly string[]): void {
    const onTerminal = "isTTY" in this.#stdout && this.#stdout.isTTY === true;
    if (onTerminal) this.#stdout.write("\x1b[H\x1b[2J");
    for (const line of lines) this.line(line);
    if (!onTerminal) this.line("");
  }

  /** Settles when the reader has caught up, or has left. */
  async drained(): Promise<void> {
    if (!this.#stdout.writableNeedDrain || this.readerLeft.aborted) return;
    await once(this.#stdout, "drain", { signal: this.readerLeft }).catch(() => {});
  }

  /** Settles when all of the result is written. @throws ConfigError ERR_FILE_WRITE when it could not be, as on a full disk */
  async finish(): Promise<void> {
    await new Promise((resolve) => this.#stdout.write("", resolve));
    if (this.#failure !== undefined) throw fileError("write", "standard output", this.#failure);
  }

  /** A line beside the result. */
  note(text: string): void {
    this.#stderr.write(`${escapeControls(text)}\n`);
  }

  error(failure: Failure): void {
    const { problem, hint, code, status, details = [] } = failure;
    if (this.json) {
      const json = {
        code,
        status,
        problem,
        details: details.length > 0 ? details.map((each) => each.json) : undefined,
        hint,
      };
      this.note(JSON.stringify({ error: json }));
      return;
    }
    this.note(`pinwire: error: ${problem}`);
    if (code !== undefined) this.note(`code: ${code}${status === undefined ? "" : ` (${status})`}`);
    for (const { line } of details) this.note(`detail: ${line}`);
    if (hint !== undefined) this.note(`hint: ${hint}`);
  }
}
