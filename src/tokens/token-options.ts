import { checkCount, checkKeys } from "../check-option.js";
import { defaults } from "../defaults.js";
import { UsageError } from "../errors.js";

/** What a server needs to judge capability tokens. */
export interface TokenOptions {
  /** `issuers.json` of each issuer whose tokens are believed, as `certs-tool token init` writes it. Watched. */
  readonly issuers: string | readonly string[];
  /** The file of `certs-tool token revoke`. When it is named, it must be there. Watched. */
  readonly revoked?: string;
  /**
   * Where uses of single-use tokens are recorded, in a private directory; the same file for all processes of the server.
   * It is made when it is not there. Without it no single-use token is accepted.
   */
  readonly replay?: string;
  /** Uses that are remembered until their tokens expire. When so many are, further ones are refused. @default 10_000 */
  readonly replayEntries?: number;
}

/** The options, checked. */
export interface CheckedTokenOptions {
  readonly issuers: readonly string[];
  readonly revoked: string | undefined;
  readonly replay: string | undefined;
  readonly replayEntries: number;
}

/** @throws UsageError ERR_INVALID_OPTION */
export function checkTokenOptions(options: TokenOptions | undefined): CheckedTokenOptions | undefined {
  if (options === undefined) return undefined;
  if (typeof options !== "object" || options === null) throw invalid("must be { issuers: FILE }");
  checkKeys("tokens", options, ["issuers", "revoked", "replay", "replayEntries"]);
  const { revoked, replay, replayEntries = defaults.replayEntries } = options;
  const issuers = typeof options.issuers === "string" ? [options.issuers] : options.issuers;
  if (!Array.isArray(issuers) || issuers.length === 0 || !issuers.every(isPath)) {
    throw invalid("needs issuers: the path of an issuers.json, or a list of such paths");
  }
  for (const [name, path] of Object.entries({ revoked, replay })) {
    if (path !== undefined && !isPath(path)) throw invalid(`needs a path for ${name}, or nothing`);
  }
  // A copy: what was checked is what is used.
  return { issuers: [...issuers], revoked, replay, replayEntries: checkCount("tokens.replayEntries", replayEntries) };
}

function isPath(path: unknown): boolean {
  return typeof path === "string" && path !== "" && !path.includes("\0");
}

function invalid(problem: string): UsageError {
  return new UsageError("ERR_INVALID_OPTION", `tokens ${problem}`);
}
