import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { toCallback } from "../../examples/logging/to-callback.js";
import { toTransport } from "../../examples/logging/to-transport.js";
import { Status } from "../../src/status.js";
import { failure, signalled } from "../helpers/collect.js";
import { GreeterPair } from "../helpers/greeter-pair.js";
import { tempDirectory } from "../helpers/temp-directory.js";

const root = resolve(import.meta.dirname, "..", "..");

/** Fails each call. */
const implementation = {
  sayHello: () => {
    throw new Error("not for the log");
  },
};

describe("records that go elsewhere", () => {
  it("go to a transport of pino, in a thread of its own", async () => {
    const file = join(tempDirectory(), "logs", "greeter.jsonl");
    const logger = toTransport(file) as ReturnType<typeof toTransport> & { flush(done: () => void): void };
    const pair = await GreeterPair.start({ server: { logger } });
    await pair.client.sayHello({ name: "Ada" });
    await new Promise<void>((done) => logger.flush(done));
    const records = () =>
      readFileSync(file, "utf8")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as object);
    await expect.poll(records).toMatchObject([{ event: "call", status: "OK", method: expect.any(String) }]);
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

describe("docs/telemetry.md", () => {
  it("shows these loggers as they are", () => {
    const page = readFileSync(join(root, "docs", "telemetry.md"), "utf8");
    for (const name of ["to-transport", "to-callback"]) {
      expect(page).toContain(readFileSync(join(root, "examples", "logging", `${name}.ts`), "utf8").trim());
    }
  });
});
