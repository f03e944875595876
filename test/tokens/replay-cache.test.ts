import { fork } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PeerError } from "../../src/errors.js";
import { ReplayCache, type UseRequest } from "../../src/tokens/replay-cache.js";
import { built } from "../helpers/built.js";
import { tempDirectory } from "../helpers/temp-directory.js";

const seed = Number(process.env.PINWIRE_SEED ?? Math.floor(Math.random() * 2 ** 31));
const start = 1_800_000_000_000;

/** A cache on a clock that the test moves. */
class Bench {
  readonly path: string;
  now = start;
  readonly maxEntries: number;

  constructor(maxEntries = 100) {
    this.path = join(tempDirectory(), "run", "uses");
    this.maxEntries = maxEntries;
  }

  open(): Promise<ReplayCache> {
    return ReplayCache.open(this.path, { maxEntries: this.maxEntries, now: () => this.now });
  }
}

function use(change: Partial<UseRequest> = {}): UseRequest {
  return {
    token: "holder.token-1",
    exp: start / 1_000 + 900,
    issuedAt: start / 1_000,
    call: "call-1",
    method: "a.B/C",
    until: start + 10_000,
    retriable: true,
    ...change,
  };
}

/** `ok`, or the code and message of the refusal. */
async function verdict(cache: ReplayCache, request: UseRequest): Promise<string> {
  try {
    await cache.use(request);
    return "ok";
  } catch (error) {
    if (error instanceof PeerError) return `${error.code} ${error.message}`;
    throw error;
  }
}

const byAnother = "ERR_TOKEN_REPLAYED the token was used by another call";
const unknown = "ERR_TOKEN_REPLAY_CACHE uses of tokens cannot be recorded";

describe("a record of uses", () => {
  it("lets a token through for one call, with its retries", async () => {
    const bench = new Bench();
    const cache = await bench.open();
    expect(await verdict(cache, use())).toBe("ok");
    expect(await verdict(cache, use({ call: "call-2" }))).toBe(byAnother);
    expect(await verdict(cache, use({ method: "a.B/D" }))).toBe(byAnother);
    for (let attempt = 2; attempt <= 5; attempt++) expect(await verdict(cache, use())).toBe("ok");
    expect(await verdict(cache, use())).toBe("ERR_TOKEN_REPLAYED the call has used the token too often");
    expect(await verdict(cache, use({ token: "holder.token-2", call: "call-2" }))).toBe("ok");
  });

  it("refuses everything when uses that it has seen are gone from the file, which is never cut", async () => {
    const bench = new Bench();
    const cache = await bench.open();
    const empty = readFileSync(bench.path);
    await cache.use(use());
    const older = readFileSync(bench.path);
    await cache.use(use({ token: "holder.token-2" }));
    const whole = readFileSync(bench.path);
    for (const content of [empty, older]) {
      writeFileSync(bench.path, content);
      for (const token of ["holder.token-1", "holder.token-2", "holder.token-3"]) {
        expect(await verdict(cache, use({ token, call: "call-2" }))).toBe(unknown);
      }
    }
    // What was cut off is there again.
    writeFileSync(bench.path, whole);
    expect(await verdict(cache, use({ call: "call-2" }))).toBe(byAnother);
  });

  it("refuses everything when an older copy takes the place of a file that was written anew", async () => {
    const bench = new Bench(2);
    const cache = await bench.open();
    await cache.use(use({ exp: start / 1_000 + 1 }));
    const older = readFileSync(bench.path);
    await cache.use(use({ token: "holder.token-2" }));
    bench.now += 2_000;
    await cache.use(use({ token: "holder.token-3" }));
    writeFileSync(bench.path, older);
    expect(await verdict(cache, use({ token: "holder.token-2", call: "call-2" }))).toBe(unknown);
  });

  it("lets no retry through after the deadline of the call, nor for a method that cannot be repeated", async () => {
    const bench = new Bench();
    const cache = await bench.open();
    await cache.use(use());
    expect(await verdict(cache, use({ retriable: false }))).toBe(
      "ERR_TOKEN_REPLAYED the token was used, and the method cannot be called again",
    );
    bench.now = start + 9_999;
    expect(await verdict(cache, use({ until: start + 99_999 }))).toBe("ok");
    bench.now = start + 10_000;
    expect(await verdict(cache, use())).toBe("ERR_TOKEN_REPLAYED the call that used the token is over");
  });

  it("survives a restart, and a crash in the midst of writing", async () => {
    const bench = new Bench();
    await (await bench.open()).use(use());
    appendFileSync(bench.path, '{"token":"holder.to');
    const again = await bench.open();
    expect(await verdict(again, use({ call: "call-2" }))).toBe(byAnother);
    // Whose line was torn never heard that it was written.
    expect(await verdict(again, use({ token: "holder.to" }))).toBe("ok");
    expect(await verdict(await bench.open(), use({ token: "holder.to", call: "call-2" }))).toBe(byAnother);
  });

  it("is one for all that share the file, whoever writes it anew", async () => {
    const bench = new Bench(4);
    const [a, b] = [await bench.open(), await bench.open()];
    const short = { exp: start / 1_000 + 1 };
    for (const token of ["t1", "t2", "t3"]) await a.use(use({ token, ...short }));
    expect(await verdict(b, use({ token: "t2", call: "call-2" }))).toBe(byAnother);
    bench.now = start + 2_000;
    await b.use(use({ token: "t4" }));
    // No room: the expired three are forgotten.
    await b.use(use({ token: "t5" }));
    expect(readFileSync(bench.path, "utf8").split("\n")).toHaveLength(4);
    expect(await verdict(a, use({ token: "t4", call: "call-2" }))).toBe(byAnother);
    expect(await verdict(a, use({ token: "t5", call: "call-2" }))).toBe(byAnother);
    expect(await verdict(b, use({ token: "t6" }))).toBe("ok");
    expect(await verdict(a, use({ token: "t6", call: "call-2" }))).toBe(byAnother);
  });

  it("does not forget when the clock is set back after it has forgotten", async () => {
    const bench = new Bench(1);
    const cache = await bench.open();
    await cache.use(use({ token: "t1" }));
    bench.now = start + 3_600_000;
    await cache.use(use({ token: "t2", exp: bench.now / 1_000 + 900, issuedAt: bench.now / 1_000 }));
    bench.now = start;
    const gone = "ERR_TOKEN_REPLAYED uses of tokens of that age have been forgotten";
    expect(await verdict(cache, use({ token: "t1", call: "call-2" }))).toBe(gone);
    // One that expired in the very second up to which uses were forgotten.
    expect(await verdict(cache, use({ token: "t3", exp: (start + 3_600_000) / 1_000 }))).toBe(gone);
    expect(await verdict(await bench.open(), use({ token: "t1", call: "call-2" }))).toBe(gone);
  });

  it("refuses when it is full, until uses expire", async () => {
    const bench = new Bench(2);
    const cache = await bench.open();
    await cache.use(use({ token: "t1" }));
    const batch = [verdict(cache, use({ token: "t2" })), verdict(cache, use({ token: "t3" }))];
    expect(await Promise.all(batch)).toEqual(["ok", "ERR_TOKEN_REPLAY_CACHE no more uses of tokens can be remembered"]);
    bench.now = start + 900_000;
    expect(await verdict(cache, use({ token: "t3", exp: start / 1_000 + 1_800, issuedAt: start / 1_000 + 900 }))).toBe(
      "ok",
    );
  });

  it("refuses tokens that are older than itself: their use may have been recorded in one that was lost", async () => {
    const bench = new Bench();
    const cache = await bench.open();
    expect(await verdict(cache, use({ issuedAt: start / 1_000 - 1 }))).toBe(
      "ERR_TOKEN_REPLAYED the token is older than the record of uses",
    );
    await cache.use(use());
    rmSync(bench.path);
    // While it runs, it is not made again.
    expect(await verdict(cache, use({ token: "t2" }))).toBe(unknown);
    bench.now += 1_000;
    expect(await verdict(await bench.open(), use({ call: "call-2" }))).toBe(
      "ERR_TOKEN_REPLAYED the token is older than the record of uses",
    );
  });

  it("refuses when the file was damaged, at the start and while it runs", async () => {
    for (const text of ["", "nonsense\n", "{}\n", '{"version":2,"id":"x","created":1,"floor":0}\n']) {
      const bench = new Bench();
      const cache = await bench.open();
      await cache.use(use());
      writeFileSync(bench.path, text);
      expect(await verdict(cache, use({ token: "t2" }))).toBe(unknown);
      await expect(bench.open()).rejects.toMatchObject({ code: "ERR_FILE_MALFORMED" });
    }
    const bench = new Bench();
    const cache = await bench.open();
    appendFileSync(bench.path, '{"token":"t1"}\n');
    expect(await verdict(cache, use({ token: "t2" }))).toBe(unknown);
    expect(await verdict(cache, use({ token: "t2" }))).toBe(unknown);
  });

  it("notices that the end was cut off, and takes nothing of it for granted", async () => {
    const bench = new Bench();
    const cache = await bench.open();
    await cache.use(use());
    truncateSync(bench.path, statSync(bench.path).size - 5);
    expect(await verdict(cache, use({ call: "call-2" }))).toBe(unknown);
    // Whoever has not seen the use cannot know: what a process of the same user can do to any file of ours.
    expect(await verdict(await bench.open(), use({ call: "call-2" }))).toBe("ok");
  });

  it("has private files", async () => {
    const bench = new Bench();
    await (await bench.open()).use(use());
    expect(statSync(bench.path).mode & 0o777).toBe(0o600);
    expect(statSync(join(bench.path, "..")).mode & 0o777).toBe(0o700);
  });

  it(`agrees with a simulation (PINWIRE_SEED=${seed})`, { timeout: 60_000 }, async () => {
    const step = fc.record({
      token: fc.integer({ min: 0, max: 3 }),
      call: fc.integer({ min: 0, max: 2 }),
      skip: fc.nat(4_000),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const bench = new Bench();
        const caches = [await bench.open(), await bench.open()];
        const seen = new Map<number, { call: number; until: number; attempts: number }>();
        for (const [index, { token, call, skip }] of steps.entries()) {
          bench.now += skip;
          const first = seen.get(token) ?? { call, until: bench.now + 5_000, attempts: 0 };
          const good = first.call === call && bench.now < first.until && first.attempts < 5;
          const request = use({ token: `t${token}`, call: `call-${call}`, until: bench.now + 5_000 });
          const result = await verdict(caches[index % 2] as ReplayCache, request);
          expect(result === "ok").toBe(good);
          if (good) seen.set(token, { ...first, attempts: first.attempts + 1 });
        }
      }),
      { seed, numRuns: 30 },
    );
  });
});

describe("processes that share a record of uses", () => {
  it("let each token through once, presented to all of them at the same moment", { timeout: 60_000 }, async () => {
    const path = join(tempDirectory(), "run", "uses");
    const tokens = Array.from({ length: 40 }, (_, i) => `holder.token-${i}`);
    const script = join(import.meta.dirname, "../helpers/token-user.mjs");
    const children = Array.from({ length: 3 }, () =>
      fork(script, [built("src/tokens/replay-cache.js"), path, ...tokens]),
    );
    await Promise.all(children.map((child) => once(child, "message")));
    for (const child of children) child.send("go");
    const admitted = await Promise.all(children.map(async (child) => (await once(child, "message"))[0] as string[]));
    expect(admitted.flat().sort()).toEqual([...tokens].sort());
  });
});
