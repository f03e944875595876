import { expect } from "vitest";
import type { PeerRole } from "../../src/identity/leaf-profile.js";
import type { VerifyOptions } from "../../src/identity/verify-peer.js";
import type { Minted } from "./mint.js";
import { hasOpenssl, opensslVerdict } from "./openssl.js";
import { optionsFor, refusal } from "./verify.js";

export interface Attack {
  /** What the peer sends, the leaf first. */
  readonly chain: readonly [Minted, ...Minted[]];
  /** The authority that is trusted. */
  readonly trusted: Minted;
  /** Default client. */
  readonly role?: PeerRole;
  readonly now?: Date;
  readonly options?: Partial<VerifyOptions>;
  readonly code: string;
  /** All of the message, or a pattern of it. */
  readonly fault: string | RegExp;
  /** What openssl says, or a part of it: "OK" where RFC 5280 alone has no objection. */
  readonly openssl: string;
}

/**
 * The verifier refuses for the stated reason, though the key is pinned; and openssl, where it is there, sees the same
 * certificates as the table says, so that each of them is wrong in the way that the test means.
 */
export function expectRefused({ chain, trusted, role = "client", now = new Date(), ...attack }: Attack): void {
  const options = optionsFor(chain[0], trusted, { role, now, ...attack.options });
  const { code, fault } = refusal(chain, options);
  expect(code).toBe(attack.code);
  if (typeof attack.fault === "string") expect(fault).toBe(attack.fault);
  else expect(fault).toMatch(attack.fault);
  if (!hasOpenssl) return;
  const pems = chain.map(({ pem }) => pem);
  expect(opensslVerdict({ trusted: trusted.pem, chain: pems, role, now })).toContain(attack.openssl);
}
