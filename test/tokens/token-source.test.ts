import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type ConfigError, RpcError, UsageError } from "../../src/errors.js";
import { checkToken, tokenFile, tokenSource } from "../../src/tokens/token-source.js";
import { signalled } from "../helpers/collect.js";
import { claimsTextOf, now as mintedAt, mintToken, nowSeconds } from "../helpers/mint-token.js";
import { tempDirectory } from "../helpers/temp-directory.js";

const minute = 60_000;
/** A token that lives so long from `from` on. */
const token = (lifetimeMs: number, from = mintedAt, more: object = {}) =>
  mintToken({ claims: { iat: from / 1_000, nbf: from / 1_000, exp: (from + lifetimeMs) / 1_000, ...more } });

/** A source on a clock of its own whose issuer the test plays. */
function bench(refreshBeforeMs?: number) {
  const state = { now: mintedAt, issued: 0, issue: async () => token(15 * minute, state.now) };
  const source = tokenSource({
    issue: () => {
      state.issued++;
      return state.issue();
    },
    now: () => state.now,
    ...(refreshBeforeMs !== undefined && { refreshBeforeMs }),
  });
  return { state, source };
}

describe("tokenSource", () => {
  it("asks once for all that wait, and not again while the token is good", async () => {
    const { state, source } = bench();
    const tokens = await Promise.all(Array.from({ length: 20 }, () => source.token()));
    expect(new Set(tokens.map(({ text }) => text)).size).toBe(1);
    state.now += 13 * minute;
    expect(source.token()).not.toBeInstanceOf(Promise);
    expect(state.issued).toBe(1);
  });

  it("refreshes before the end without making anybody wait", async () => {
    const { state, source } = bench();
    const first = await source.token();
    state.now += 14 * minute;
    const { promise, resolve } = signalled<string>();
    state.issue = () => promise;
    expect(source.token()).toBe(first);
    expect(source.token()).toBe(first);
    expect(state.issued).toBe(2);
    resolve(token(15 * minute, state.now));
    await new Promise((done) => setImmediate(done));
    const second = source.token();
    expect(second).not.toBe(first);
    expect(second).not.toBeInstanceOf(Promise);
  });

  it("refreshes no earlier than half of a short life", async () => {
    const { state, source } = bench(10 * minute);
    state.issue = async () => token(2 * minute, state.now);
    await source.token();
    state.now += minute - 1;
    source.token();
    expect(state.issued).toBe(1);
    state.now += 1;
    source.token();
    expect(state.issued).toBe(2);
  });

  it("keeps the old token when refreshing fails, asks again after a second, and fails when it has ended", async () => {
    const { state, source } = bench();
    const first = await source.token();
    const cause = new Error("the issuer is away");
    state.issue = () => Promise.reject(cause);
    state.now += 14 * minute;
    expect(source.token()).toBe(first);
    await new Promise((done) => setImmediate(done));
    expect(source.token()).toBe(first);
    expect(state.issued).toBe(2);
    state.now += 1_000;
    expect(source.token()).toBe(first);
    expect(state.issued).toBe(3);
    state.now = mintedAt + 15 * minute;
    const error = await Promise.resolve(source.token()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RpcError);
    expect(error).toMatchObject({
      code: "ERR_TOKEN_UNAVAILABLE",
      message: "UNAUTHENTICATED: no token could be had",
      cause,
    });
    state.issue = async () => token(15 * minute, state.now);
    expect((await source.token()).text).not.toBe(first.text);
  });

  it.each([
    ["no token", "nonsense", "what the issuer returned is not a token"],
    ["undefined", undefined, "what the issuer returned is not a token"],
    ["a token that has expired", mintToken({ claims: { exp: nowSeconds } }), "the issuer's token has expired already"],
  ])("does not take %s from the issuer", async (_, issued, message) => {
    const { state, source } = bench();
    state.issue = async () => issued as string;
    await expect(source.token()).rejects.toMatchObject({ code: "ERR_TOKEN_UNAVAILABLE", rawMessage: message });
  });

  it("fails when the issuer throws at once, and goes on", async () => {
    const { state, source } = bench();
    state.issue = () => {
      throw new Error("no");
    };
    await expect(source.token()).rejects.toMatchObject({ code: "ERR_TOKEN_UNAVAILABLE" });
    state.issue = async () => token(15 * minute, state.now);
    await source.token();
  });

  it("gives each single-use token to one call", async () => {
    const { state, source } = bench();
    state.issue = async () => token(15 * minute, state.now, { once: true });
    const tokens = await Promise.all(Array.from({ length: 5 }, () => source.token()));
    expect(new Set(tokens.map(({ text }) => text)).size).toBe(5);
    expect(tokens.every(({ once }) => once)).toBe(true);
  });

  it("asks again when an issuer has hung for half a minute", async () => {
    const { state, source } = bench();
    state.issue = () => new Promise(() => {});
    void source.token();
    state.now += 29_999;
    void source.token();
    expect(state.issued).toBe(1);
    state.now += 1;
    state.issue = async () => token(15 * minute, state.now);
    await source.token();
    expect(state.issued).toBe(2);
  });

  it("checks its options", () => {
    const issue = () => "";
    expect(() => tokenSource({} as never)).toThrow(UsageError);
    expect(() => tokenSource({ issue, refreshBeforeMs: -1 })).toThrow("refreshBeforeMs must be between");
    expect(() => tokenSource({ issue, refresh: 1 } as never)).toThrow('tokenSource() has no option "refresh"');
  });
});

describe("tokenFile", () => {
  it("reads a private file, with or without a newline at its end", async () => {
    const path = join(tempDirectory(), "token");
    const text = mintToken();
    writeFileSync(path, `${text}\n`, { mode: 0o600 });
    expect(await tokenFile(path).token()).toEqual({
      text,
      bearer: `Bearer ${text}`,
      once: false,
      audience: "spiffe://local.test/greeter",
      expiresAt: JSON.parse(claimsTextOf(text)).exp * 1_000,
    });
  });

  it("fails when there is none, or others can read it", async () => {
    const path = join(tempDirectory(), "token");
    const causeOf = async () => {
      const error = await Promise.resolve(tokenFile(path).token()).catch((thrown: unknown) => thrown as RpcError);
      expect(error).toBeInstanceOf(RpcError);
      return ((error as RpcError).cause as ConfigError).code;
    };
    expect(await causeOf()).toBe("ERR_FILE_MISSING");
    writeFileSync(path, mintToken());
    chmodSync(path, 0o644);
    expect(await causeOf()).toBe("ERR_FILE_NOT_PRIVATE");
  });

  it("wants a path", () => expect(() => tokenFile("")).toThrow("tokenFile() needs the path of a file"));
});

describe("the token option", () => {
  it("is a token, or a source", async () => {
    const text = mintToken();
    expect(await checkToken(text)?.token()).toMatchObject({ text });
    const source = tokenSource({ issue: () => text });
    expect(checkToken(source)).toBe(source);
    expect(checkToken(undefined)).toBeUndefined();
  });

  it.each(["", "nonsense", "a.b.c", `Bearer ${mintToken()}`])("is refused as %j", (text) => {
    expect(() => checkToken(text)).toThrow("token is not a capability token");
  });

  it.each([null, 7, {}, { token: () => "x" }])("is refused as %j", (value) => {
    expect(() => checkToken(value as never)).toThrow("token must be a token, or made by tokenSource() or tokenFile()");
  });
});
