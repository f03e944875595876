import { ConfigError, type ErrorCode } from "../errors.js";
import type { SourcePosition } from "./source-positions.js";

/** One thing that is wrong with a schema. */
export interface Diagnostic {
  readonly at: SourcePosition;
  readonly problem: string;
}

/** @returns `file:line:column: problem`, as compilers write it and editors read it */
export function formatDiagnostic({ at: { file, line, column }, problem }: Diagnostic): string {
  return `${[file, line, column].filter((part) => part !== undefined).join(":")}: ${problem}`;
}

/** All that is wrong with a schema at once, a line each, in one error. */
export function schemaError(code: ErrorCode, diagnostics: readonly Diagnostic[], hint: string): ConfigError {
  return new ConfigError(code, diagnostics.map(formatDiagnostic).join("\n"), hint);
}
