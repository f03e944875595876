import { parseArgs } from "node:util";
import type { CommandSpec, OptionSpec, OptionSpecs } from "./command-spec.js";
import { nearest } from "./nearest.js";

/** What each kind of option becomes. */
type ValueOf<Kind extends OptionSpec["kind"]> = Kind extends "flag"
  ? boolean
  : Kind extends "required"
    ? string
    : Kind extends "list"
      ? readonly string[]
      : string | undefined;

export interface Arguments<Options extends OptionSpecs = OptionSpecs> {
  readonly operands: readonly string[];
  readonly options: { readonly [Name in keyof Options]: ValueOf<Options[Name]["kind"]> };
}

/** The command line is not understood. */
export class CommandLineError extends Error {
  override readonly name = "CommandLineError";
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

/**
 * Reads the words after the name of a command. Stricter than `parseArgs`: no option twice unless it is a list, and no
 * option taken for the value of the one before it.
 *
 * @throws CommandLineError
 */
export function parseArguments(command: CommandSpec, words: readonly string[]): Arguments {
  const found = new Map<string, string[]>();
  const operands: string[] = [];
  for (const token of tokensOf(command, words)) {
    if (token.kind === "positional") operands.push(token.value);
    if (token.kind === "option") addOption(command, found, token);
  }
  checkOperands(command, operands);
  const specs = Object.entries(command.options);
  return {
    operands,
    options: Object.fromEntries(specs.map(([name, spec]) => [name, optionValue(command, name, spec, found)])),
  };
}

type Token = ReturnType<typeof tokensOf>[number];

function tokensOf(command: CommandSpec, words: readonly string[]) {
  const options = Object.fromEntries(
    Object.entries(command.options).map(([name, { kind }]) => {
      return [name, { type: kind === "flag" ? "boolean" : "string", multiple: true } as const];
    }),
  );
  return parseArgs({ args: [...words], options, strict: false, allowPositionals: true, tokens: true }).tokens;
}

function addOption(command: CommandSpec, found: Map<string, string[]>, token: Token & { kind: "option" }): void {
  const { name, rawName, value, inlineValue } = token;
  const spec = Object.hasOwn(command.options, name) ? command.options[name] : undefined;
  if (spec === undefined) throw unknownOption(command, rawName);
  const isFlag = spec.kind === "flag";
  if (isFlag && value !== undefined) throw usageError(command, `${rawName} takes no value`);
  if (!isFlag && (value === undefined || value === "" || (value.startsWith("-") && !inlineValue))) {
    const instead = value ? `, not ${value}` : "";
    throw usageError(command, `${rawName} needs a value: ${rawName} ${spec.value}${instead}`);
  }
  const before = found.get(name) ?? [];
  if (before.length > 0 && spec.kind !== "list") throw usageError(command, `${rawName} is given twice`);
  found.set(name, [...before, value ?? ""]);
}

function checkOperands(command: CommandSpec, operands: readonly string[]): void {
  const { name, min, max } = command.operands;
  if (operands.length < min)
    throw usageError(command, `${name} ${name.includes(" and ") ? "are needed" : "is missing"}`);
  const [extra] = operands.slice(max);
  if (extra !== undefined) throw usageError(command, `unexpected argument ${JSON.stringify(extra)}`);
  if (operands.includes("")) throw usageError(command, `${name} is empty`);
}

function optionValue(command: CommandSpec, name: string, spec: OptionSpec, found: Map<string, string[]>) {
  const values = found.get(name) ?? [];
  switch (spec.kind) {
    case "flag":
      return values.length > 0;
    case "list":
      return values;
    case "value":
      return values[0];
    case "required":
      if (values[0] !== undefined) return values[0];
      throw usageError(command, `--${name} ${spec.value} is missing`);
  }
}

function unknownOption(command: CommandSpec, rawName: string): CommandLineError {
  const names = Object.keys(command.options).map((name) => `--${name}`);
  const [meant] = rawName.startsWith("--") ? nearest(rawName, names) : [];
  const error = usageError(command, `unknown option ${rawName}`);
  return meant === undefined ? error : new CommandLineError(error.message, `did you mean ${meant}? ${error.hint}`);
}

/** The hint shows the whole line that is needed. */
function usageError({ tool, name, usage }: CommandSpec, problem: string): CommandLineError {
  return new CommandLineError(problem, `usage: ${tool} ${name} ${usage}; see ${tool} ${name} --help`);
}
