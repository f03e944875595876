/** How one subcommand of a tool is called, and what its help says. */
export interface CommandSpec<Options extends OptionSpecs = OptionSpecs> {
  /** The tool it belongs to, for example `pinwire`. */
  readonly tool: string;
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
}

export interface OperandSpec {
  /** For messages, for example `SPIFFE_ID`. */
  readonly name: string;
  readonly min: number;
  readonly max: number;
}

export const noOperands: OperandSpec = { name: "argument", min: 0, max: 0 };

export interface OptionSpec {
  readonly kind: "flag" | "value" | "required" | "list";
  /** For example `DIR`; empty for a flag. */
  readonly value: string;
  readonly help: string;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;
