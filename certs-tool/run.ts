import type { Writable } from "node:stream";
import { CommandLineError, parseArguments } from "../src/command-line/arguments.js";
import { asksForHelp, commandHelp, commonOptions } from "../src/command-line/help.js";
import { ConfigError } from "../src/errors.js";
import { version } from "../src/version.js";
import type { Command, Context } from "./command.js";
import { initCommand } from "./commands/init.js";
import { inspectCommand } from "./commands/inspect.js";
import { issueCommand } from "./commands/issue.js";
import { listCommand } from "./commands/list.js";
import { pinCommand } from "./commands/pin.js";
import { tokenInitCommand } from "./commands/token-init.js";
import { tokenInspectCommand } from "./commands/token-inspect.js";
import { tokenIssueCommand } from "./commands/token-issue.js";
import { tokenRevokeCommand } from "./commands/token-revoke.js";
import { tokenRotateCommand } from "./commands/token-rotate.js";
import { verifyCommand } from "./commands/verify.js";
import { toolHelp } from "./help.js";
import { createOutput, type ExitCode, exitCode, type Output } from "./output.js";

const tokenCommands = [
  ...[tokenInitCommand, tokenIssueCommand, tokenInspectCommand],
  ...[tokenRevokeCommand, tokenRotateCommand],
];
const commands = [
  ...[initCommand, issueCommand, pinCommand, verifyCommand, inspectCommand, listCommand],
  ...tokenCommands,
];

export interface Surroundings extends Context {
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/** Runs the tool; every error ends as its two lines on stderr and an exit code. */
export async function run(words: readonly string[], surroundings: Surroundings): Promise<ExitCode> {
  const output = createOutput(surroundings, words.includes("--json"));
  try {
    return await dispatch(words, surroundings, output);
  } catch (error) {
    return report(error, output);
  }
}

async function dispatch(words: readonly string[], context: Surroundings, output: Output): Promise<ExitCode> {
  const [name, ...rest] = commandWords(words);
  if (name === "--help" || name === "-h" || name === "help") return printHelp(toolHelp(commands), output);
  if (name === "--version") return printHelp([version()], output);
  const command = findCommand(name);
  if (asksForHelp(rest)) return printHelp(commandHelp(command), output);
  const args = parseArguments({ ...command, options: { ...command.options, json: commonOptions.json } }, rest);
  const { json, lines, failure } = await command.run(args, context);
  output.result(json, lines);
  if (failure === undefined) return exitCode.ok;
  output.error(failure.problem, failure.hint);
  return exitCode.failed;
}

/** The name of a command about tokens is two words. */
function commandWords(words: readonly string[]): readonly string[] {
  const [first, second, ...rest] = words;
  if (first !== "token" || second === undefined) return words;
  return second === "--help" || second === "-h" ? ["help"] : [`token ${second}`, ...rest];
}

function findCommand(name: string | undefined): Command {
  const command = commands.find((candidate) => candidate.name === name);
  if (command !== undefined) return command;
  const names = commands.map((candidate) => candidate.name).join(", ");
  const problem = name === undefined ? "no command given" : `unknown command ${JSON.stringify(name)}`;
  throw new CommandLineError(problem, `the commands are ${names}; see certs-tool --help`);
}

function printHelp(lines: readonly string[], output: Output): ExitCode {
  output.result({ help: lines.join("\n") }, lines);
  return exitCode.ok;
}

function report(error: unknown, output: Output): ExitCode {
  if (error instanceof CommandLineError) {
    output.error(error.message, error.hint);
    return exitCode.usage;
  }
  if (error instanceof ConfigError) {
    output.error(error.problem, error.hint);
    return exitCode.failed;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  output.error(`this is a bug: ${text}`, "please report it with the line above");
  return exitCode.failed;
}
