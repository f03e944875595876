import type { Readable } from "node:stream";
import type { Arguments } from "../command-line/arguments.js";
import type { CommandSpec, OptionSpecs } from "../command-line/command-spec.js";
import type { Output } from "./output.js";

/** One subcommand of `pinwire`, a thin file in `commands/`; `commands.ts` lists them. */
export interface Command<Options extends OptionSpecs = OptionSpecs> extends CommandSpec<Options> {
  /** @returns the exit code; what it throws becomes a message and an exit code too */
  run(args: Arguments<Options>, context: Context): Promise<number>;
}

export interface Context {
  readonly output: Output;
  readonly stdin: Readable;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Keeps the types of the options, so that `run` knows what it gets. */
export function defineCommand<Options extends OptionSpecs>(command: Omit<Command<Options>, "tool">): Command {
  return { tool: "pinwire", ...command } as unknown as Command;
}
