import type { Arguments } from "./arguments.js";

/** One subcommand. Its logic is in the library; here is how it is called and how its result reads. */
export interface Command<Options extends OptionSpecs = OptionSpecs> {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What follows the name, for example `SPIFFE_ID --ca DIR --out DIR [options]`. */
  readonly usage: string;
  /** A comment and a command line each; the first thing `--help` shows. */
  readonly examples: readonly (readonly [comment: string, commandLine: string])[];
  readonly operands: OperandSpec;
  readonly options: Options;
  /** What one has to know and cannot see from the options. */
  readonly notes: readonly string[];
  run(args: Arguments<Options>, context: Context): Promise<Result>;
}

export interface OperandSpec {
  /** For messages, for example `SPIFFE_ID`. */
  readonly name: string;
  readonly min: number;
  readonly max: number;
}

export interface OptionSpec {
  readonly kind: "flag" | "value" | "required" | "list";
  /** For example `DIR`; empty for a flag. */
  readonly value: string;
  readonly help: string;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

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
export function defineCommand<Options extends OptionSpecs>(command: Command<Options>): Command {
  return command as unknown as Command;
}
