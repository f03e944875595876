import type { Readable, Writable } from "node:stream";
import { CommandLineError, parseArguments } from "../command-line/arguments.js";
import { asksForHelp, commandHelp, commonOptions } from "../command-line/help.js";
import { nearest } from "../command-line/nearest.js";
import { version } from "../version.js";
import { type CommandEntry, commands } from "./commands.js";
import { exitCode } from "./exit-code.js";
import { toolHelp } from "./help.js";
import { Output } from "./output.js";
import { reportError } from "./report-error.js";

export interface Surroundings {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Runs the tool; every error ends as lines on stderr and an exit code. */
export async function run(words: readonly string[], surroundings: Surroundings): Promise<number> {
  const output = new Output(surroundings, words.includes("--json"));
  try {
    const code = await dispatch(words, output, surroundings);
    await output.finish();
    return code;
  } catch (error) {
    return reportError(error, output);
  }
}

async function dispatch(words: readonly string[], output: Output, { stdin, env }: Surroundings): Promise<number> {
  const [name] = words;
  if (name === "--help" || name === "-h" || name === "help") return printHelp(toolHelp(commands), output);
  if (name === "--version") return printHelp([version()], output);
  const entry = findCommand(words);
  const rest = words.slice(entry.name.split(" ").length);
  const command = await entry.load();
  if (asksForHelp(rest)) return printHelp(commandHelp(command), output);
  const args = parseArguments({ ...command, options: { ...command.options, json: commonOptions.json } }, rest);
  return command.run(args, { output, stdin, env });
}

/** The name of a command is one word or two, as in `policy explain`. */
function findCommand(words: readonly string[]): CommandEntry {
  const [name, second] = words;
  const entry = commands.find((each) => each.name === name || each.name === `${name} ${second}`);
  if (entry !== undefined) return entry;
  const family = commands.filter((each) => each.name.startsWith(`${name} `));
  const names = (family.length > 0 ? family : commands).map((each) => each.name);
  const hint = `the commands are ${names.join(", ")}; see pinwire --help`;
  if (name === undefined) throw new CommandLineError("no command given", hint);
  const given = family.length > 0 && second !== undefined ? `${name} ${second}` : name;
  const [meant] = given === name && family.length > 0 ? [] : nearest(given, names);
  const problem = `unknown command ${JSON.stringify(given)}`;
  throw new CommandLineError(problem, meant === undefined ? hint : `did you mean pinwire ${meant}? ${hint}`);
}

function printHelp(lines: readonly string[], output: Output): number {
  output.result({ help: lines.join("\n") }, lines);
  return exitCode.ok;
}
