import type { Readable } from "node:stream";
import { ConfigError } from "../../errors.js";
import { fileError } from "../../files/file-error.js";

export interface Line {
  readonly number: number;
  readonly text: string;
}

/**
 * The lines of a stream, each as soon as it is there; empty ones are skipped. The last needs no line end.
 *
 * @throws ConfigError ERR_INVALID_JSON when it is not UTF-8, ERR_FILE_UNREADABLE
 */
export async function* readLines(input: Readable): AsyncGenerator<Line> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let number = 0;
  let pieces: string[] = [];
  for await (const chunk of readable(input)) {
    const [first = "", ...rest] = decode(decoder, chunk, number + 1).split("\n");
    pieces.push(first);
    for (const piece of rest) {
      number += 1;
      yield* lineOf(number, pieces.join(""));
      pieces = [piece];
    }
  }
  pieces.push(decode(decoder, undefined, number + 1));
  yield* lineOf(number + 1, pieces.join(""));
}

/** All of a stream as one text. @throws ConfigError ERR_INVALID_JSON, ERR_FILE_UNREADABLE */
export async function readText(input: Readable): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const pieces: string[] = [];
  for await (const chunk of readable(input)) pieces.push(decode(decoder, chunk, 1));
  pieces.push(decode(decoder, undefined, 1));
  return pieces.join("");
}

/** What cannot be read at all, such as a directory, is a mistake in a file as any other. */
async function* readable(input: Readable): AsyncGenerator<Uint8Array> {
  try {
    yield* input;
  } catch (error) {
    throw fileError("read", "standard input", error);
  }
}

function lineOf(number: number, text: string): Line[] {
  return text.trim() === "" ? [] : [{ number, text }];
}

function decode(decoder: InstanceType<typeof TextDecoder>, chunk: Uint8Array | undefined, line: number): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch (cause) {
    throw new ConfigError(
      "ERR_INVALID_JSON",
      `standard input is not UTF-8, at line ${line} or after it`,
      "JSON is UTF-8; bytes go into it as base64",
      { cause },
    );
  }
}
