import type { Arguments } from "../src/command-line/arguments.js";
import type { CommandSpec, OptionSpecs } from "../src/command-line/command-spec.js";

/** One subcommand. Its logic is in the library; here is how it is called and how its result reads. */
export interface Command<Options extends OptionSpecs = OptionSpecs> extends CommandSpec<Options> {
  run(args: Arguments<Options>, context: Context): Promise<Result>;
}

export interface Context {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface Result {
  readonly json: object;
  readonly lines: readonly string[];
  /** Set when the command did its work and the answer is no. */
  readonly failure?: { readonly problem: string; readonly hint: string };
}

/** Keeps the types of the options, so that `run` knows what it gets. */
export function defineCommand<Options extends OptionSpecs>(command: Omit<Command<Options>, "tool">): Command {
  return { tool: "certs-tool", ...command } as unknown as Command;
}
