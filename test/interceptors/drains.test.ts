import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { auditToTransport } from "../../examples/logging/audit-to-transport.js";
import { toCallback } from "../../examples/logging/to-callback.js";
import { toTransport } from "../../examples/logging/to-transport.js";
import { Status } from "../../src/status.js";
import { AuditPlace } from "../helpers/audit-place.js";
import { failure, signalled } from "../helpers/collect.js";
import { GreeterPair } from "../helpers/greeter-pair.js";
import { tempDirectory } from "../helpers/temp-directory.js";

const root = resolve(import.meta.dirname, "..", "..");
const helpers = join(root, "test", "helpers");

/** Fails each call. */
const implementation = {
  sayHello: () => {
    throw new Error("not for the log");
  },
};

describe("records that go elsewhere", () => {
  it("go to a transport of pino, in a thread of its own", async () => {
    const file = join(tempDirectory(), "logs", "greeter.jsonl");
    const options = { target: "pino/file", options: { destination: file, mkdir: true } };
    const logger = toTransport(options) as ReturnType<typeof toTransport> & { flush(done: () => void): void };
    const pair = await GreeterPair.start({ server: { logger } });
    await pair.client.sayHello({ name: "Ada" });
    await new Promise<void>((done) => logger.flush(done));
    const records = () =>
      readFileSync(file, "utf8")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as { readonly event: string })
        .filter(({ event }) => event === "call");
    await expect.poll(records).toMatchObject([{ event: "call", status: "OK", method: expect.any(String) }]);
  });

  it("are dropped in bounded memory where a transport takes none", async () => {
    const logger = toTransport({ target: join(helpers, "stuck-transport.mjs"), worker: { autoEnd: false } });
    const pair = await GreeterPair.start({ server: { logger } });
    const text = "x".repeat(100_000);
    await pair.client.sayHello({ name: "Ada" });
    global.gc?.();
    const before = process.memoryUsage().arrayBuffers;
    for (let round = 0; round < 20; round++) {
      for (let n = 0; n < 100; n++) logger.info({ text }, "a record");
      await pair.client.sayHello({ name: "Ada" });
    }
    // 200 MB were written.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(60e6);
  });

  it("are lost without harm where a transport dies, and the process hears of it once", async () => {
    const warned = signalled();
    const warning = vi.spyOn(process, "emitWarning").mockImplementation(() => warned.resolve());
    onTestFinished(() => warning.mockRestore());
    const logger = toTransport({ target: join(helpers, "dying-transport.mjs"), worker: { autoEnd: false } });
    const pair = await GreeterPair.start({ server: { logger } });
    await pair.client.sayHello({ name: "Ada" });
    await warned.promise;
    for (let n = 0; n < 20; n++) await pair.client.sayHello({ name: "Ada" });
    await new Promise(setImmediate);
    expect(warning.mock.calls).toEqual([["no records are written any more: no log today"]]);
  });

  it("are lost without harm where a callback throws, at once or later", async () => {
    for (const fail of [
      () => {
        throw new Error("no log today");
      },
      () => Promise.reject(new Error("no log today")),
    ]) {
      let times = 0;
      const again = signalled();
      const logger = toCallback(() => {
        times += 1;
        if (times === 2) again.resolve();
        return fail();
      });
      const pair = await GreeterPair.start({ server: { logger }, implementation });
      for (let n = 0; n < 2; n++) await failure(pair.client.sayHello({ name: "Ada" }));
      await again.promise;
    }
  });

  it("go to a callback in batches; calls do not wait for one that does not come back", async () => {
    const sent: object[][] = [];
    const goOn = signalled();
    const second = signalled();
    const logger = toCallback(async (records) => {
      sent.push([...records]);
      if (sent.length === 2) second.resolve();
      await goOn.promise;
    }, 3);
    const pair = await GreeterPair.start({ server: { logger }, implementation });
    for (let n = 0; n < 6; n++) {
      expect((await failure(pair.client.sayHello({ name: "Ada" }))).status).toBe(Status.INTERNAL);
    }
    // The first is still being sent; three of the five after it had room.
    expect(sent).toHaveLength(1);
    goOn.resolve();
    await second.promise;
    expect(sent[0]).toMatchObject([{ level: "error", event: "call", code: "ERR_HANDLER_FAILED" }]);
    expect(sent[1]).toMatchObject([
      ...Array.from({ length: 3 }, () => ({ event: "call" })),
      { event: "records dropped", dropped: 2 },
    ]);
  });

  it("are lost without harm where a logger throws, rejects, or hangs", async () => {
    const broken = [
      () => {
        throw new Error("no log today");
      },
      () => Promise.reject(new Error("no log today")),
      () => new Promise<never>(() => {}),
    ];
    for (const write of broken) {
      const logger = { debug: write, info: write, warn: write, error: write };
      const pair = await GreeterPair.start({ server: { logger }, client: { logger } });
      expect((await pair.client.sayHello({ name: "Ada" })).greeting).toMatch(/^Hello/);
    }
  });
});

describe("an audit log that goes elsewhere, too", () => {
  it("goes to a transport of pino, as it stands", async () => {
    const file = join(tempDirectory(), "audit.jsonl");
    const place = new AuditPlace();
    const log = await place.open();
    const pair = await GreeterPair.start({ server: { audit: log, auditLevel: "all" } });
    const follower = auditToTransport(place.directory, { target: "pino/file", options: { destination: file } });
    await pair.client.sayHello({ name: "Ada" });
    await pair.server.close();
    await log.close();
    await follower.close();
    const lines = () =>
      readFileSync(file, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as object);
    await expect.poll(lines).toEqual(place.records.map((record) => ({ level: 30, ...record })));
  });

  it("waits for a transport that takes nothing, or has died; calls do not", async () => {
    for (const name of ["stuck", "dying"]) {
      const warned = signalled();
      const warning = vi.spyOn(process, "emitWarning").mockImplementation(() => warned.resolve());
      onTestFinished(() => warning.mockRestore());
      const place = new AuditPlace();
      const log = await place.open();
      const pair = await GreeterPair.start({ server: { audit: log, auditLevel: "all" } });
      const target = join(helpers, `${name}-transport.mjs`);
      const follower = auditToTransport(place.directory, { target, worker: { autoEnd: false } });
      for (let n = 0; n < 50; n++) await pair.client.sayHello({ name: "Ada" });
      if (name === "dying") await warned.promise;
      expect(follower.lastSeq).toBeLessThan(100);
      void follower.close();
    }
  });
});

describe("the pages about it", () => {
  it.each([
    ["telemetry", ["to-transport", "to-callback"]],
    ["audit", ["audit-to-transport"]],
  ])("docs/%s.md shows these as they are", (page, names) => {
    const text = readFileSync(join(root, "docs", `${page}.md`), "utf8");
    for (const name of names) {
      expect(text).toContain(readFileSync(join(root, "examples", "logging", `${name}.ts`), "utf8").trim());
    }
  });
});
