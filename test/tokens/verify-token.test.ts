// The table of test/helpers/token-table.ts, judged by our verifier and by one in Python that was written from docs/tokens.md.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { calculateJwkThumbprint } from "jose";
import { describe, expect, it } from "vitest";
import { PeerError } from "../../src/errors.js";
import { IssuerKeys } from "../../src/tokens/issuer-keys.js";
import { TokenRevocations } from "../../src/tokens/token-revocations.js";
import { verifyToken } from "../../src/tokens/verify-token.js";
import { jwkOf, keys, thumbprint } from "../helpers/mint-token.js";
import { python } from "../helpers/python.js";
import { type TokenCase, tokenTable } from "../helpers/token-table.js";

const table = tokenTable();

describe("verifyToken", () => {
  it.each(table)("$name: $verdict", async (given) => expect(await verdictOf(given)).toBe(given.verdict));

  it("has a table of more than 60 tokens, good and bad, with names that are told apart", () => {
    expect(table.length).toBeGreaterThan(60);
    expect(table.filter(({ verdict }) => verdict === "ok").length).toBeGreaterThan(10);
    expect(new Set(table.map(({ token, name }) => name + token)).size).toBe(table.length);
  });

  it("names a key as RFC 7638 does, by jose's reading", async () => {
    expect(thumbprint(keys.holder)).toBe(await calculateJwkThumbprint({ ...jwkOf(keys.holder) }));
  });
});

describe("a verifier in Python, written from docs/tokens.md", () => {
  const cryptography = spawnSync(python, ["-c", "import cryptography"]).status === 0;
  if (!cryptography)
    console.warn("skipped: Debian's python3-cryptography is not there, so nobody else judges the tokens");

  it.skipIf(!cryptography)(
    "comes to the same verdicts, with the same reasons",
    () => {
      const { stdout, stderr } = spawnSync(python, [join(import.meta.dirname, "verifier.py")], {
        input: JSON.stringify({ cases: table }),
        encoding: "utf8",
        timeout: 60_000,
      });
      expect(stderr).toBe("");
      const verdicts: string[] = JSON.parse(stdout);
      const named = (list: readonly string[]) => list.map((verdict, index) => `${table[index]?.name}: ${verdict}`);
      expect(named(verdicts)).toEqual(named(table.map(({ verdict }) => verdict)));
    },
    60_000,
  );
});

async function verdictOf({ token, issuers, revoked, required, ...rest }: TokenCase): Promise<string> {
  try {
    const expected = { ...rest, issuers: IssuerKeys.of(issuers), revoked: new TokenRevocations(revoked) };
    const verified = await verifyToken(token, expected);
    return verified.scopes.grantsAll(required) ? "ok" : "ERR_TOKEN_SCOPE";
  } catch (error) {
    if (error instanceof PeerError) return error.code;
    throw error;
  }
}
