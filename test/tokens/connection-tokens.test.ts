import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { defaults } from "../../src/defaults.js";
import { PeerError } from "../../src/errors.js";
import type { PeerIdentity } from "../../src/identity/verify-peer.js";
import { toBearer } from "../../src/tokens/bearer.js";
import { ConnectionTokens } from "../../src/tokens/connection-tokens.js";
import { IssuerKeys } from "../../src/tokens/issuer-keys.js";
import { spkiOf } from "../../src/x509/keys.js";
import { built } from "../helpers/built.js";
import { audience, holderId, keys, mintToken, now, trust } from "../helpers/mint-token.js";

/** What a connection knows of its peer, as far as tokens are concerned. */
const peer = { id: holderId, leaf: { spki: spkiOf(keys.holder) } } as unknown as PeerIdentity;

describe("the tokens of a connection", () => {
  it("are verified once, also when they come at the same moment", async () => {
    const tokens = new ConnectionTokens(peer);
    const text = [toBearer(mintToken())];
    expect(tokens.known(text, trust, audience)).toBeUndefined();
    const first = tokens.verify(text, trust, audience, now);
    expect(tokens.verify(text, trust, audience, now)).toBe(first);
    expect(tokens.known(text, trust, audience)).toBeUndefined();
    const token = await first;
    expect(tokens.known(text, trust, audience)).toBe(token);
    expect(tokens.verify(text, trust, audience, now)).toBe(first);
  });

  it("are verified again when issuers or revocations, or the server's name, have changed", async () => {
    const tokens = new ConnectionTokens(peer);
    const text = [toBearer(mintToken())];
    await tokens.verify(text, trust, audience, now);
    expect(tokens.known(text, { ...trust }, audience)).toBeUndefined();
    expect(tokens.known(text, trust, `${audience}2`)).toBeUndefined();
    const none = { ...trust, issuers: IssuerKeys.of([]) };
    await expect(tokens.verify(text, none, audience, now)).rejects.toMatchObject({ code: "ERR_TOKEN_UNKNOWN_ISSUER" });
    await expect(tokens.verify(text, trust, `${audience}2`, now)).rejects.toMatchObject({ code: "ERR_TOKEN_AUDIENCE" });
  });

  it("are not remembered when they are refused", async () => {
    const tokens = new ConnectionTokens(peer);
    const first = tokens.verify(["Bearer x"], trust, audience, now);
    await expect(first).rejects.toBeInstanceOf(PeerError);
    const second = tokens.verify(["Bearer x"], trust, audience, now);
    expect(second).not.toBe(first);
    await expect(second).rejects.toBeInstanceOf(PeerError);
  });

  it("are bounded; the one that was verified first goes", async () => {
    const tokens = new ConnectionTokens(peer);
    const texts = Array.from({ length: defaults.tokensPerConnection + 1 }, () => [toBearer(mintToken())]);
    for (const text of texts) await tokens.verify(text, trust, audience, now);
    const known = texts.filter((text) => tokens.known(text, trust, audience) !== undefined);
    expect(known).toEqual(texts.slice(1));
  });
});

it("neither importing pinwire, nor a server or a client without tokens, loads jose", () => {
  const loads = (file: string) => {
    const script = `await import(${JSON.stringify(built(file))})`;
    const env = { ...process.env, NODE_DEBUG: "esm" };
    const { stderr, status } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      env,
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
    });
    expect(status).toBe(0);
    return stderr.includes("/node_modules/jose/");
  };
  expect(["index.js", "server/serving.js", "client/calls.js"].map((file) => loads(`src/${file}`))).toEqual([
    ...[false, false, false],
  ]);
  // What the others are compared with.
  expect(loads("src/tokens.js")).toBe(true);
});
