import type { Readable } from "node:stream";
import type { DescMethod, Message } from "@bufbuild/protobuf";
import { CommandLineError } from "../../command-line/arguments.js";
import type { Schema } from "../schema/schema.js";
import { parseRequest } from "./parse-request.js";
import { readLines, readText } from "./read-lines.js";

export interface RequestSource {
  /** The requests on the command line; `-` alone stands for standard input. */
  readonly words: readonly string[];
  readonly stdin: Readable;
  readonly schema: Schema;
}

/** The request of a method with one; no word is an empty message. @throws ConfigError ERR_INVALID_JSON; CommandLineError */
export async function oneRequest({ input, name }: DescMethod, source: RequestSource): Promise<Message> {
  const { words, stdin, schema } = source;
  if (words.length > 1) {
    throw new CommandLineError(`${name} takes one request, not ${words.length}`, "quote the JSON for your shell");
  }
  const [word = "{}"] = words;
  if (word === "-") return parseRequest(input, await readText(stdin), { schema, where: "standard input" });
  return parseRequest(input, word, { schema, where: "the request" });
}

/** The requests of a method with a stream of them: the words, or the lines of standard input as they come. */
export async function* manyRequests({ input }: DescMethod, source: RequestSource): AsyncGenerator<Message> {
  const { words, stdin, schema } = source;
  if (words.length > 0 && !isStdin(words)) {
    for (const [index, word] of words.entries()) {
      yield await parseRequest(input, word, { schema, where: `request ${index + 1}` });
    }
    return;
  }
  for await (const { number, text } of readLines(stdin)) {
    yield await parseRequest(input, text, { schema, where: `line ${number} of standard input` });
  }
}

function isStdin(words: readonly string[]): boolean {
  return words.length === 1 && words[0] === "-";
}
