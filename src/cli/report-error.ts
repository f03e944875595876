import { CommandLineError } from "../command-line/arguments.js";
import { type CodedError, ConfigError, isCodedError } from "../errors.js";
import { statusName } from "../status.js";
import { exitCode } from "./exit-code.js";
import { readExplanations } from "./explanations.js";
import type { Failure, Output } from "./output.js";

/** Says on stderr what was thrown. @returns the exit code for it */
export function reportError(error: unknown, output: Output): number {
  if (error instanceof CommandLineError) {
    output.error({ problem: error.message, hint: error.hint });
    return exitCode.usage;
  }
  if (isCodedError(error)) {
    output.error(failureOf(error));
    return error.status;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  output.error({ problem: `this is a bug: ${text}`, hint: "please report it with the line above" });
  return exitCode.bug;
}

/** The words for one of our errors. */
export function failureOf(error: CodedError): Failure {
  return { problem: problemOf(error), code: error.code, status: statusName(error.status), hint: hintFor(error) };
}

function problemOf(error: CodedError): string {
  return error instanceof ConfigError ? error.problem : error.message;
}

/** An error that knows its fix says it; for the others docs/errors.md does. */
function hintFor(error: CodedError): string | undefined {
  if (error instanceof ConfigError) return error.hint;
  return readExplanations().find(({ code }) => code === error.code)?.fix || undefined;
}
