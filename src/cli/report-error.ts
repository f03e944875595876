import { CommandLineError } from "../command-line/arguments.js";
import { type CodedError, ConfigError, isCodedError, RpcError } from "../errors.js";
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
  const { code, status } = error;
  const config = configCauseOf(error);
  const problem = config === undefined || config === error ? problemOf(error) : `${error.message}: ${config.problem}`;
  return { problem, code, status: statusName(status), hint: config?.hint ?? documentedFix(code) };
}

/** A call that failed for a file of ours: the file is what can be mended. */
function configCauseOf(error: CodedError): ConfigError | undefined {
  if (error instanceof ConfigError) return error;
  return error instanceof RpcError && error.cause instanceof ConfigError ? error.cause : undefined;
}

function problemOf(error: CodedError): string {
  return error instanceof ConfigError ? error.problem : error.message;
}

/** For errors that do not say their fix docs/errors.md does. */
function documentedFix(code: string): string | undefined {
  return readExplanations().find((each) => each.code === code)?.fix || undefined;
}
