// TOK-06: exp, nbf and iat, as documented; the table of spellings and borders is in test/helpers/token-table.ts.
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { defaults } from "../../src/defaults.js";
import { ConfigError } from "../../src/errors.js";
import { failure } from "../helpers/collect.js";
import { GreeterPair } from "../helpers/greeter-pair.js";
import { timeCases } from "../helpers/token-table.js";
import { issue, refusalCode, tempIssuer } from "../helpers/tokens.js";
import { withPolicy } from "../helpers/with-policy.js";

const service = withPolicy({ SayHello: { requiredScopes: ["greet"] } });

/** The wall clock, which only the test moves. What measures time is left alone. */
function frozenClock(): { set(ms: number): void; start: number } {
  const start = Math.floor(Date.now() / 1_000) * 1_000;
  vi.useFakeTimers({ toFake: ["Date"], now: start });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  return { start, set: (ms) => vi.setSystemTime(ms) };
}

describe("TOK-06: the times of a token", () => {
  it("end it on a connection on which it was good before, to the millisecond", async () => {
    const clock = frozenClock();
    const { issuer } = await tempIssuer();
    const pair = await GreeterPair.start({ service, server: { tokens: { issuers: issuer.publicFile } } });
    const metadata = { authorization: `Bearer ${await issue(issuer, pair.world, { lifetimeMs: 60_000 })}` };
    await pair.client.sayHello({ name: "x" }, { metadata });
    clock.set(clock.start + 59_999);
    await pair.client.sayHello({ name: "x" }, { metadata });
    clock.set(clock.start + 60_000);
    expect((await failure(pair.client.sayHello({ name: "x" }, { metadata }))).status).toBe(16);
    expect(await refusalCode(pair)).toBe("ERR_TOKEN_EXPIRED");
  });

  it("let it begin up to five seconds ahead, and no earlier, also when it was verified before", async () => {
    const clock = frozenClock();
    const { issuer } = await tempIssuer();
    const pair = await GreeterPair.start({ service, server: { tokens: { issuers: issuer.publicFile } } });
    const metadata = { authorization: `Bearer ${await issue(issuer, pair.world)}` };
    clock.set(clock.start - 5_000);
    await pair.client.sayHello({ name: "x" }, { metadata });
    clock.set(clock.start - 5_001);
    expect((await failure(pair.client.sayHello({ name: "x" }, { metadata }))).status).toBe(16);
    expect(await refusalCode(pair)).toBe("ERR_TOKEN_NOT_YET_VALID");
  });

  it.each([999, defaults.maxTokenLifetimeMs + 1, Number.NaN, Number.POSITIVE_INFINITY, -1])(
    "are not issued for a life of %s ms",
    async (lifetimeMs) => {
      const { issuer } = await tempIssuer();
      const { world } = new GreeterPair();
      const refused = await issue(issuer, world, { lifetimeMs }).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(ConfigError);
      expect((refused as ConfigError).code).toBe("ERR_INVALID_OPTION");
    },
  );

  it("are judged by a table of borders and spellings", () => {
    const names = timeCases().map(({ name }) => name);
    for (const name of [
      "exp as a text",
      "exp as a fraction",
      "exp in milliseconds",
      "exp 1e308",
      "no exp",
      "iat in the future",
    ]) {
      expect(names).toContain(name);
    }
  });
});
