import { isCodedError } from "../errors.js";
import { shellWord } from "../files/file-modes.js";
import type { Logger } from "../interceptors/logger.js";
import { IssuerKeys, parseIssuer } from "./issuer-keys.js";
import type { CheckedTokenOptions } from "./token-options.js";
import { parseRevocations, TokenRevocations } from "./token-revocations.js";
import { WatchedFile, type WatchListener } from "./watched-file.js";

/** Whom a server believes at present. Replaced as a whole, so its identity tells whether anything changed. */
export interface TokenTrust {
  readonly issuers: IssuerKeys;
  readonly revoked: TokenRevocations;
}

/** The files with issuers and revocations, as values that follow them. */
export class TokenState implements Disposable {
  readonly #issuers: readonly WatchedFile<ReturnType<typeof parseIssuer>>[];
  readonly #revoked: WatchedFile<TokenRevocations> | undefined;
  #trust: TokenTrust;

  /** @throws ConfigError when a file is missing, not private or malformed */
  static async open({ issuers, revoked }: CheckedTokenOptions, logger: Logger): Promise<TokenState> {
    let state: TokenState | undefined;
    const listener: WatchListener = {
      onChange(file) {
        try {
          state?.refresh();
          logger.info({ event: "tokens changed", file }, "new issuers or revocations of tokens");
        } catch (error) {
          this.onRefused(file, error as Error);
        }
      },
      onRefused(file, error) {
        const code = isCodedError(error) ? error.code : undefined;
        logger.error({ event: "tokens refused", file, code, reason: error.message }, "new token file refused");
      },
    };
    const open: Disposable[] = [];
    try {
      const files: WatchedFile<ReturnType<typeof parseIssuer>>[] = [];
      for (const path of issuers)
        files.push(tracked(open, await WatchedFile.open(path, parseIssuer, listener, issuersHint)));
      const parse = (text: string, path: string) => new TokenRevocations(parseRevocations(text, path));
      const file =
        revoked === undefined ? undefined : await WatchedFile.open(revoked, parse, listener, revokedHint(revoked));
      state = new TokenState(files, file && tracked(open, file));
      return state;
    } catch (error) {
      for (const file of open) file[Symbol.dispose]();
      throw error;
    }
  }

  private constructor(
    issuers: readonly WatchedFile<ReturnType<typeof parseIssuer>>[],
    revoked: WatchedFile<TokenRevocations> | undefined,
  ) {
    this.#issuers = issuers;
    this.#revoked = revoked;
    this.#trust = { issuers: this.#issuerKeys(), revoked: this.#revocations() };
  }

  current(): TokenTrust {
    return this.#trust;
  }

  /** @throws ConfigError when the issuers do not fit together; then the old ones stay in force */
  refresh(): void {
    // A revocation takes effect whatever is wrong with the rest.
    this.#trust = { issuers: this.#trust.issuers, revoked: this.#revocations() };
    this.#trust = { ...this.#trust, issuers: this.#issuerKeys() };
  }

  [Symbol.dispose](): void {
    for (const file of this.#issuers) file[Symbol.dispose]();
    this.#revoked?.[Symbol.dispose]();
  }

  #issuerKeys(): IssuerKeys {
    return IssuerKeys.of(this.#issuers.map((file) => file.current()));
  }

  #revocations(): TokenRevocations {
    return this.#revoked?.current() ?? TokenRevocations.none;
  }
}

function tracked<T extends Disposable>(open: Disposable[], file: T): T {
  open.push(file);
  return file;
}

const issuersHint =
  "an issuer's directory has it: certs-tool token init --issuer ISSUER_DIR --name SPIFFE_ID; name ISSUER_DIR/issuers.json or a copy";

const revokedHint = (path: string) =>
  `to begin with nothing revoked, run: certs-tool token revoke --file ${shellWord(path)}`;
