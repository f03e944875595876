import { checkDelayMs, checkKeys } from "../check-option.js";
import { defaults } from "../defaults.js";
import { RpcError, UsageError } from "../errors.js";
import { Status } from "../status.js";
import { toBearer } from "./bearer.js";

/** Where a client's tokens come from. Made by {@link tokenSource} and {@link tokenFile}; share one among clients. */
export interface TokenSource {
  /**
   * The token for a call that begins now; a promise only when it is still to come.
   *
   * @throws RpcError UNAUTHENTICATED `ERR_TOKEN_UNAVAILABLE`
   */
  token(): HeldToken | Promise<HeldToken>;
}

/** A token, and what its holder can read of it. */
export interface HeldToken {
  readonly text: string;
  /** The value of `authorization` that carries it; made once, not for each call. */
  readonly bearer: string;
  /** The SPIFFE ID of the only server that takes it. */
  readonly audience: string;
  /** Good for one call. */
  readonly once: boolean;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export interface TokenSourceOptions {
  /** Gets a new token, from wherever the issuer is. */
  readonly issue: () => string | Promise<string>;
  /** How long before its end a token is replaced; half of its life, if that is less. @default 60_000 */
  readonly refreshBeforeMs?: number;
  /** The clock, in milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
}

/** After a failure the old token is used, and the next attempt waits so long. */
const retryAfterMs = 1_000;
/** An issuer that has not answered for so long is asked again, or one that hangs would be waited for ever. */
const patienceMs = 30_000;

/**
 * A source that asks for the next token before the present one ends, once for all calls that wait for it. When that fails,
 * the present one is used until it ends; then calls fail. A token for a single use goes to one call.
 *
 * @example const token = tokenSource({ issue: () => fetchTokenSomehow() });
 * @throws UsageError ERR_INVALID_OPTION
 */
export function tokenSource(options: TokenSourceOptions): TokenSource {
  checkKeys("tokenSource()", options, ["issue", "refreshBeforeMs", "now"]);
  if (typeof options.issue !== "function") {
    throw new UsageError("ERR_INVALID_OPTION", "tokenSource() needs issue: a function that returns a token");
  }
  const { refreshBeforeMs = defaults.refreshBeforeMs, now = Date.now } = options;
  checkDelayMs("refreshBeforeMs", refreshBeforeMs);
  return new RefreshingSource(options.issue, refreshBeforeMs, now);
}

/** What was made here: its tokens were read, and can be sent without another look. */
const made = new WeakSet<object>();

class RefreshingSource implements TokenSource {
  readonly #issue: () => string | Promise<string>;
  readonly #refreshBeforeMs: number;
  readonly #now: () => number;
  #held: HeldToken | undefined;
  #refreshAt = 0;
  #coming: Promise<HeldToken> | undefined;
  #askedAt = 0;

  constructor(issue: () => string | Promise<string>, refreshBeforeMs: number, now: () => number) {
    this.#issue = issue;
    this.#refreshBeforeMs = refreshBeforeMs;
    this.#now = now;
    made.add(this);
  }

  token(): HeldToken | Promise<HeldToken> {
    const now = this.#now();
    const held = this.#held;
    if (held === undefined || now >= held.expiresAt) return this.#next();
    if (now >= this.#refreshAt) {
      // Nobody waits while the present one is good; a failure is tried again.
      this.#next().catch(() => {
        this.#refreshAt = this.#now() + retryAfterMs;
      });
    }
    return held;
  }

  /** One at a time for all that wait, except that a token for a single use is only the first one's. */
  #next(): Promise<HeldToken> {
    const now = this.#now();
    if (this.#coming !== undefined && now - this.#askedAt < patienceMs) {
      return this.#coming.then((token) => (token.once ? this.#next() : token));
    }
    this.#askedAt = now;
    const coming = this.#fetch().finally(() => {
      if (this.#coming === coming) this.#coming = undefined;
    });
    this.#coming = coming;
    return coming;
  }

  async #fetch(): Promise<HeldToken> {
    const token = await held(async () => this.#issue());
    const now = this.#now();
    if (token.expiresAt <= now) throw unavailable("the issuer's token has expired already");
    if (!token.once) {
      this.#held = token;
      this.#refreshAt = token.expiresAt - Math.min(this.#refreshBeforeMs, (token.expiresAt - now) / 2);
    }
    return token;
  }
}

/**
 * A source that reads a file, for example one that `certs-tool token issue` writes from a timer: when it is first needed,
 * and again before the token ends.
 *
 * @param path nobody else may be able to read it
 */
export function tokenFile(path: string): TokenSource {
  if (typeof path !== "string" || path === "") {
    throw new UsageError("ERR_INVALID_OPTION", "tokenFile() needs the path of a file");
  }
  return tokenSource({
    issue: async () => {
      const { readPrivateFile } = await import("../files/private-file.js");
      const { whenMissing } = await import("../files/when-missing.js");
      return (await whenMissing(howToIssue(path), readPrivateFile(path))).toString("latin1").trim();
    },
  });
}

function howToIssue(path: string): string {
  return `run: certs-tool token issue SCOPE --issuer ISSUER_DIR --holder CREDENTIALS_DIR --audience SERVER_ID --out ${path}`;
}

/** @internal The `token` option of channels and clients. @throws UsageError ERR_INVALID_OPTION */
export function checkToken(token: string | TokenSource | undefined): TokenSource | undefined {
  if (token === undefined || (typeof token === "object" && token !== null && made.has(token))) return token;
  if (typeof token !== "string") {
    throw new UsageError("ERR_INVALID_OPTION", "token must be a token, or made by tokenSource() or tokenFile()");
  }
  const constant = readToken(token);
  if (constant === undefined) throw new UsageError("ERR_INVALID_OPTION", "token is not a capability token");
  return { token: () => constant };
}

async function held(issue: () => Promise<string>): Promise<HeldToken> {
  let text: string;
  try {
    text = await issue();
  } catch (cause) {
    throw unavailable("no token could be had", cause);
  }
  const token = readToken(text);
  if (token === undefined) throw unavailable("what the issuer returned is not a token");
  return token;
}

/** What a holder needs to know of a token. Only the server judges it; so nothing is verified, and jose not loaded. */
function readToken(text: string): HeldToken | undefined {
  if (typeof text !== "string" || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(text)) return undefined;
  try {
    const { aud, exp, once } = JSON.parse(Buffer.from(text.split(".")[1] ?? "", "base64url").toString("latin1"));
    if (!Number.isSafeInteger(exp) || typeof aud !== "string") return undefined;
    return { text, bearer: toBearer(text), audience: aud, once: once === true, expiresAt: exp * 1_000 };
  } catch {
    return undefined;
  }
}

function unavailable(message: string, cause?: unknown): RpcError {
  return new RpcError(Status.UNAUTHENTICATED, message, { code: "ERR_TOKEN_UNAVAILABLE", cause });
}
