import { defaults } from "../defaults.js";
import type { PeerIdentity } from "../identity/verify-peer.js";
import { fromBearer } from "./bearer.js";
import { thumbprintOfSpki } from "./public-jwk.js";
import { tokenRefusal } from "./token-refusal.js";
import type { TokenTrust } from "./token-state.js";
import type { VerifiedToken } from "./verified-token.js";
import { verifyToken } from "./verify-token.js";

/** A token with what it was verified against. */
interface Entry {
  readonly trust: TokenTrust;
  readonly audience: string;
  /** Undefined while it is being verified. */
  token: VerifiedToken | undefined;
  readonly coming: Promise<VerifiedToken>;
}

/**
 * The tokens that one connection has presented. Each is verified once, until it, the issuers or the revocations change;
 * a refused one is forgotten. Bounded: the one that was verified first goes.
 */
export class ConnectionTokens {
  readonly #holder: { readonly id: string; readonly thumbprint: string };
  readonly #entries = new Map<string, Entry>();

  constructor({ id, leaf }: PeerIdentity) {
    this.#holder = { id: id.toString(), thumbprint: thumbprintOfSpki(leaf.spki) };
  }

  /**
   * A token that is verified and still stands, but for its times.
   *
   * @param values of `authorization`
   */
  known(values: readonly string[], trust: TokenTrust, audience: string): VerifiedToken | undefined {
    const [value = ""] = values;
    const entry = values.length === 1 ? this.#entries.get(value) : undefined;
    return entry?.trust === trust && entry.audience === audience ? entry.token : undefined;
  }

  /** @throws PeerError as `verifyToken`, ERR_TOKEN_MISSING */
  verify(values: readonly string[], trust: TokenTrust, audience: string, now: number): Promise<VerifiedToken> {
    const text = fromBearer(values);
    const [value] = values;
    if (text === undefined || value === undefined) throw tokenRefusal("ERR_TOKEN_MISSING", "there is no token");
    const entry = this.#entries.get(value);
    if (entry?.trust === trust && entry.audience === audience) return entry.coming;
    const coming = verifyToken(text, { ...trust, audience, holder: this.#holder, now });
    this.#remember(value, { trust, audience, token: undefined, coming });
    return coming;
  }

  #remember(value: string, entry: Entry): void {
    this.#entries.delete(value);
    this.#entries.set(value, entry);
    for (const [oldest] of this.#entries) {
      if (this.#entries.size <= defaults.tokensPerConnection) break;
      this.#entries.delete(oldest);
    }
    entry.coming.then(
      (token) => {
        entry.token = token;
      },
      () => {
        if (this.#entries.get(value) === entry) this.#entries.delete(value);
      },
    );
  }
}
