// TOK-04: a valid token is good; a missing, empty, truncated or garbled one is refused, with one text for all.
import { describe, expect, it } from "vitest";
import { PeerError } from "../../src/errors.js";
import { verifyToken } from "../../src/tokens/verify-token.js";
import { failure } from "../helpers/collect.js";
import { GreeterPair } from "../helpers/greeter-pair.js";
import { expectations, mintToken } from "../helpers/mint-token.js";
import { issue, refusalCode, tempIssuer } from "../helpers/tokens.js";
import { withPolicy } from "../helpers/with-policy.js";

const service = withPolicy({ SayHello: { requiredScopes: ["greet"] } });

async function start() {
  const { issuer } = await tempIssuer();
  const pair = await GreeterPair.start({ service, server: { tokens: { issuers: issuer.publicFile } } });
  return { issuer, pair, token: await issue(issuer, pair.world) };
}

/** What a caller hears, without the reference, which is another for each call. */
async function heard(pair: GreeterPair, authorization: string | undefined): Promise<string> {
  const metadata = authorization === undefined ? {} : { authorization };
  const { message } = await failure(pair.client.sayHello({ name: "x" }, { metadata }));
  return message.replace(/[0-9a-f]{12}/, "…");
}

const refusal = "UNAUTHENTICATED: a valid token is required (reference …)";

describe("TOK-04: a token that was garbled", () => {
  it("is refused like none, while the whole one is good", async () => {
    const { pair, token } = await start();
    const { greeting } = await pair.client.sayHello({ name: "x" }, { metadata: { authorization: `Bearer ${token}` } });
    expect(greeting).toContain("Hello, x");
    const garbled = ["", "Bearer", "Bearer ", "bearer x", `bearer ${token}`, `Bearer  ${token}`, `Basic ${token}`];
    for (const authorization of [
      undefined,
      ...garbled,
      token,
      `Bearer ${token},${token}`,
      `Bearer ${"A".repeat(9_000)}`,
    ]) {
      expect(await heard(pair, authorization)).toBe(refusal);
    }
  });

  it("is refused when it comes twice, as two values", async () => {
    const { pair, token } = await start();
    const { Metadata } = await import("../../src/rpc/metadata.js");
    const metadata = new Metadata()
      .append("authorization", `Bearer ${token}`)
      .append("authorization", `Bearer ${token}`);
    expect((await failure(pair.client.sayHello({ name: "x" }, { metadata }))).status).toBe(16);
    expect(await refusalCode(pair)).toBe("ERR_TOKEN_MISSING");
  });

  it("is refused truncated at every byte, and with each bit flipped that can travel", { timeout: 60_000 }, async () => {
    const { pair, token } = await start();
    const texts = new Set(Array.from({ length: token.length }, (_, length) => token.slice(0, length)));
    for (const flipped of flips(token)) if (/^[\x21-\x7e]*$/.test(flipped)) texts.add(flipped);
    expect(texts.size).toBeGreaterThan(token.length * 6);
    const heardTexts = new Set<string>();
    const queue = texts.values();
    const worker = async () => {
      for (const text of queue) heardTexts.add(await heard(pair, `Bearer ${text}`));
    };
    await Promise.all(Array.from({ length: 32 }, worker));
    expect([...heardTexts]).toEqual([refusal]);
    // The connection is as good as it was.
    await pair.client.sayHello({ name: "x" }, { metadata: { authorization: `Bearer ${token}` } });
  });

  it("is refused with any bit flipped, in the text and in what it encodes", { timeout: 60_000 }, async () => {
    const token = mintToken();
    await verifyToken(token, expectations);
    const parts = token.split(".");
    const encoded = parts.flatMap((part, index) =>
      flips(Buffer.from(part, "base64url").toString("latin1")).map((changed) =>
        parts.map((same, at) => (at === index ? Buffer.from(changed, "latin1").toString("base64url") : same)).join("."),
      ),
    );
    const codes = new Set<string>();
    for (const changed of [...flips(token), ...encoded]) {
      codes.add(await verifyToken(changed, expectations).then(() => `accepted ${changed}`, codeOf));
    }
    expect([...codes].sort()).toEqual(["ERR_TOKEN_MALFORMED", "ERR_TOKEN_SIGNATURE", "ERR_TOKEN_UNKNOWN_ISSUER"]);
  });
});

/** The text with each of its bits flipped, one at a time. */
function flips(text: string): string[] {
  const bytes = Buffer.from(text, "latin1");
  return Array.from({ length: bytes.length * 8 }, (_, bit) => {
    const changed = Buffer.from(bytes);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return changed.toString("latin1");
  });
}

function codeOf(error: unknown): string {
  if (error instanceof PeerError) return error.code;
  throw error;
}
