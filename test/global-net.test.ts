import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { caughtIn, lookThrough } from "./global-net.js";
import { toGlobalSink } from "./helpers/global-sink.js";
import { RecordingLogger } from "./helpers/greeter-pair.js";
import { tempDirectory } from "./helpers/temp-directory.js";

const line = (what: unknown) => JSON.stringify(["a record", what]);
const jws = `eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJzb21lYm9keSJ9.${"s".repeat(86)}`;

describe("the net under all tests", () => {
  it.each([
    ["a PEM block", "-----BEGIN PRIVATE KEY-----\nMC4C"],
    ["a token", `Bearer ${jws}`],
    ["a secret of a test", "CANARY-place-1234"],
  ])("catches %s at any depth, and not where a user asked to see it", (what, text) => {
    expect(caughtIn(line({ deep: [{ reason: text }] }))).toMatch(`${what} in a record: `);
    expect(caughtIn(line({ event: "message", payload: { name: text }, metadata: { "x-id": text } }))).toBeUndefined();
    expect(caughtIn(JSON.stringify(["standard error", text]))).toMatch(`${what} in standard error: `);
  });

  it("lets ordinary records through", () => {
    expect(caughtIn(line({ event: "call", pin: "sha256/AAAA", reason: "[token removed]" }))).toBeUndefined();
  });

  it("is under the records of this test, too", () => {
    const directory = process.env.PINWIRE_TEST_SINK ?? "";
    new RecordingLogger().info({ event: "seen by the net" });
    expect(readFileSync(join(directory, `${process.pid}.jsonl`), "utf8")).toContain("seen by the net");
  });

  it("fails a run in which something was caught", { timeout: 60_000 }, () => {
    const root = resolve(import.meta.dirname, "..");
    const place = tempDirectory();
    mkdirSync(join(place, "test", "helpers"), { recursive: true });
    for (const file of ["global-net.ts", "helpers/global-sink.ts"]) {
      writeFileSync(join(place, "test", file), readFileSync(join(root, "test", file)));
    }
    symlinkSync(join(root, "node_modules"), join(place, "node_modules"));
    writeFileSync(join(place, "package.json"), '{"type":"module"}');
    const config = 'export default { test: { globalSetup: ["test/global-net.ts"], pool: "forks" } };';
    writeFileSync(join(place, "vitest.config.ts"), config);
    const run = (text: string, said = "hello") => {
      const test = `import { it } from "vitest"; import { toGlobalSink } from "./helpers/global-sink.js";
        import { writeSync } from "node:fs";
        writeSync(2, ${JSON.stringify(said)});
        it("logs", () => toGlobalSink("a record", { reason: ${JSON.stringify(text)} }));`;
      writeFileSync(join(place, "test", "logging.test.ts"), test);
      const { PINWIRE_TEST_SINK: _, ...env } = process.env;
      const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
      return spawnSync(process.execPath, [vitest, "run", "--root", place], { encoding: "utf8", env, timeout: 50_000 });
    };
    expect(run("nothing")).toMatchObject({ status: 0 });
    const caught = run("CANARY-of-a-test");
    expect(caught.status).not.toBe(0);
    expect(caught.stderr + caught.stdout).toMatch(/a secret of a test in a record: .*CANARY-of-a-test/);
    const written = run("nothing", "CANARY-of-the-console");
    expect(written.status).not.toBe(0);
    expect(written.stderr).toMatch(/a secret of a test in the console: .*CANARY-of-the-console/s);
  });

  it("does nothing where nobody asked for it", () => {
    const before = process.env.PINWIRE_TEST_SINK ?? "";
    process.env.PINWIRE_TEST_SINK = "";
    const directory = tempDirectory();
    try {
      toGlobalSink("a record", {});
      expect(lookThrough(directory)).toEqual({ lines: 0, caught: [] });
    } finally {
      process.env.PINWIRE_TEST_SINK = before;
      rmSync(directory, { recursive: true });
    }
  });
});
