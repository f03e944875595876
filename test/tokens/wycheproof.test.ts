// Wycheproof's vectors for ECDSA P-256 with signatures as JWS has them (R and S of 32 bytes each). They lie beside the
// project; without them this says so and passes. Their messages are no JWS, so they are checked against what jose signs and
// verifies with, and their signatures are put under a token, where each has to be refused.
import { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { calculateJwkThumbprint } from "jose";
import { describe, expect, it } from "vitest";
import { PeerError } from "../../src/errors.js";
import { type PublicJwk, publicJwkOf, thumbprintOf, thumbprintOfSpki } from "../../src/tokens/public-jwk.js";
import { verifyToken } from "../../src/tokens/verify-token.js";
import { expectations, mintToken } from "../helpers/mint-token.js";
import { sharedVectors } from "../helpers/shared.js";

interface Vectors {
  readonly numberOfTests: number;
  readonly testGroups: readonly {
    readonly publicKeyDer: string;
    readonly tests: readonly {
      readonly tcId: number;
      readonly msg: string;
      readonly sig: string;
      readonly result: string;
    }[];
  }[];
}

const path = sharedVectors("wycheproof/ecdsa_secp256r1_sha256_p1363_test.json");
if (path === undefined) console.warn("skipped: the vectors of Wycheproof are not there");

describe.skipIf(path === undefined)("Wycheproof's signatures by P-256, as in JWS", () => {
  const vectors: Vectors =
    path === undefined ? { numberOfTests: 0, testGroups: [] } : JSON.parse(readFileSync(path, "utf8"));
  const groups = vectors.testGroups;

  it("are judged as they should be by what jose verifies with", async () => {
    const wrong: number[] = [];
    let judged = 0;
    for (const { publicKeyDer, tests } of groups) {
      const algorithm = { name: "ECDSA", namedCurve: "P-256" };
      const key = await crypto.subtle.importKey("jwk", { ...jwkOfSpki(publicKeyDer) }, algorithm, false, ["verify"]);
      for (const { tcId, msg, sig, result } of tests) {
        const verdict = await crypto.subtle
          .verify({ name: "ECDSA", hash: "SHA-256" }, key, Buffer.from(sig, "hex"), Buffer.from(msg, "hex"))
          .catch(() => false);
        judged += 1;
        if (verdict !== (result === "valid")) wrong.push(tcId);
      }
    }
    expect(wrong).toEqual([]);
    expect(judged).toBe(vectors.numberOfTests);
  });

  it("have keys whose thumbprints are those of jose", async () => {
    for (const { publicKeyDer } of groups) {
      const jwk = jwkOfSpki(publicKeyDer);
      expect(thumbprintOf(jwk)).toBe(await calculateJwkThumbprint({ ...jwk }));
      expect(thumbprintOfSpki(Buffer.from(publicKeyDer, "hex"))).toBe(thumbprintOf(jwk));
    }
  });

  it("are refused under a token of ours, every one, with a reason and nothing else", async () => {
    const counts: Record<string, number> = {};
    for (const { sig } of groups.flatMap(({ tests }) => tests)) {
      const token = mintToken({ signature: () => Buffer.from(sig, "hex") });
      const verdict = await verifyToken(token, expectations).catch((error: unknown) => error);
      if (!(verdict instanceof PeerError)) throw new Error(`accepted, or fell over: ${sig}`);
      counts[verdict.code] = (counts[verdict.code] ?? 0) + 1;
    }
    expect(Object.keys(counts).sort()).toEqual(["ERR_TOKEN_MALFORMED", "ERR_TOKEN_SIGNATURE"]);
  });
});

function jwkOfSpki(hex: string): PublicJwk {
  const jwk = publicJwkOf(createPublicKey({ key: Buffer.from(hex, "hex"), format: "der", type: "spki" }));
  if (jwk === undefined) throw new Error("a key of another kind");
  return jwk;
}
