import { appendFileSync, existsSync, lstatSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { Anchor } from "../../src/audit/anchor.js";
import { AuditLog } from "../../src/audit/audit-log.js";
import { verifyAuditLog } from "../../src/audit/verify-audit-log.js";
import { Listeners } from "../../src/listeners.js";
import { AuditPlace } from "../helpers/audit-place.js";
import { signalled } from "../helpers/collect.js";

describe("a log that was written and closed", () => {
  it("verifies, with every record signed", async () => {
    const place = new AuditPlace();
    const log = await place.open();
    expect(await Promise.all([log.append({ type: "note", n: 1 }), log.append({ type: "note", n: 2 })])).toEqual([3, 4]);
    await log.close();
    expect(await place.verify()).toEqual({
      ok: true,
      records: 6,
      segments: 1,
      firstSeq: 1,
      lastSeq: 6,
      epochs: 1,
      unsigned: 0,
      anchored: true,
    });
    expect(place.records.map(({ type }) => type)).toEqual([
      "open",
      "checkpoint",
      "note",
      "note",
      "close",
      "checkpoint",
    ]);
    expect(lstatSync(place.segments[0] ?? "").mode & 0o777).toBe(0o600);
  });

  it("goes on in the next epoch", async () => {
    const place = new AuditPlace();
    await (await place.open()).close();
    const log = await place.open();
    expect(await log.append({ type: "note" })).toBe(7);
    await log.close();
    expect(await place.verify()).toMatchObject({ ok: true, epochs: 2, lastSeq: 9 });
  });

  it("has one writer", async () => {
    const place = new AuditPlace();
    await place.open();
    await expect(place.open()).rejects.toMatchObject({ code: "ERR_LOCKED" });
  });
});

describe("the anchor", () => {
  const anchored = ({ anchorFile }: AuditPlace) => (JSON.parse(readFileSync(anchorFile, "utf8")) as Anchor).seq;

  it("is not written with each checkpoint, but knows the newest before long", async () => {
    const place = new AuditPlace();
    // Before it is opened, when the anchor is written for the first time: however long that takes here.
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const log = await place.open({ checkpointEveryRecords: 1 });
    const first = anchored(place);
    for (let n = 0; n < 200; n++) {
      await log.append({ type: "note", n });
      vi.advanceTimersByTime(1);
    }
    expect(place.records.filter(({ type }) => type === "checkpoint").length).toBe(201);
    for (let turn = 0; turn < 500; turn++) await new Promise(setImmediate);
    expect(anchored(place)).toBe(first);
    vi.advanceTimersByTime(1_000);
    vi.useRealTimers();
    await vi.waitFor(() => expect(anchored(place)).toBe(first + 400), { timeout: 10_000 });
  });

  it("is written at once when somebody waits for it, and when the log is closed", async () => {
    const place = new AuditPlace();
    const log = await place.open();
    const seq = await log.append({ type: "note" });
    await log.checkpoint();
    expect(anchored(place)).toBe(seq + 1);
    await log.append({ type: "note" });
    await log.close();
    expect(anchored(place)).toBe(seq + 4);
  });
});

describe("an anchor that cannot be written", () => {
  it("is tried again by itself, also when no record comes any more", async () => {
    const place = new AuditPlace();
    const anchors = join(place.base, "elsewhere");
    const anchorFile = join(anchors, "anchor.json");
    mkdirSync(anchors);
    const log = await place.open({ anchorFile });
    const seq = await log.append({ type: "note" });
    renameSync(anchors, `${anchors}-gone`);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    await expect(log.checkpoint()).rejects.toMatchObject({ code: "ERR_AUDIT_UNAVAILABLE" });
    renameSync(`${anchors}-gone`, anchors);
    await vi.advanceTimersByTimeAsync(10_000);
    vi.useRealTimers();
    await vi.waitFor(() => expect(JSON.parse(readFileSync(anchorFile, "utf8"))).toMatchObject({ seq: seq + 1 }));
    await log.close();
    expect(await verifyAuditLog(place.directory, { anchorFile })).toMatchObject({ ok: true });
  });
});

describe("a gap", () => {
  it("is followed by another for what was refused while it was written", async () => {
    const records: string[] = [];
    let isFull = true;
    const unavailable = { code: "ERR_AUDIT_UNAVAILABLE" };
    const writer = {
      unsigned: 0,
      async write(texts: readonly string[]): Promise<number> {
        if (isFull) throw new Error("no space left");
        // As while a segment is begun.
        if (records.length === 0) await expect(log.append({ type: "note" })).rejects.toMatchObject(unavailable);
        records.push(...texts);
        return records.length;
      },
      anchored: () => Promise.resolve(),
      close: () => Promise.resolve(),
    };
    const options = { checkpointEveryRecords: 100, checkpointEveryMs: 60_000, now: () => 0 };
    const log = new AuditLog(writer as never, options, new Listeners(), () => {});
    await expect(log.append({ type: "note" })).rejects.toMatchObject(unavailable);
    isFull = false;
    await log.checkpoint();
    expect(records.map((text) => JSON.parse(`{${text}}`) as object)).toMatchObject([
      { type: "gap", lost: 1 },
      { type: "gap", lost: 1 },
    ]);
    expect(log).toMatchObject({ failing: false, lost: 2 });
    await log.close();
  });
});

describe("a log with wrong options", () => {
  const cases: Record<string, (place: AuditPlace) => object> = {
    "no directory": () => ({ directory: undefined }),
    "a key in the log, whatever its name begins with": ({ directory }) => ({ keyFile: join(directory, "..key.pem") }),
    "an anchor in the log": ({ directory }) => ({ anchorFile: join(directory, "anchor.json") }),
  };
  for (const [name, wrong] of Object.entries(cases)) {
    it(`is not opened: ${name}`, async () => {
      const place = new AuditPlace();
      const refusal = { name: "UsageError", code: "ERR_INVALID_OPTION" };
      await expect(place.open(wrong(place))).rejects.toMatchObject(refusal);
      expect(existsSync(place.directory)).toBe(false);
    });
  }
});

describe("a record that no verifier could read", () => {
  const cases: readonly (readonly [string, object])[] = [
    ["a field of the chain", { type: "note", prev: "x" }],
    ["a name that is none", { type: "note", "a b": "x" }],
    ["the name of a prototype", JSON.parse('{"type":"note","__proto__":"x"}') as object],
    ["no type", {}],
    ["a type in capitals", { type: "Note" }],
    ["a type that only the log writes", { type: "checkpoint" }],
    ["a number that is none", { type: "note", n: Number.NaN }],
    ["a number with many decimals", { type: "note", n: 0.1 + 0.2 }],
    ["a number without bounds", { type: "note", n: 1e21 }],
    ["a big integer", { type: "note", n: 1n }],
    ["a list", { type: "note", n: [] }],
    ["a line that is too long", { type: "note", text: "x".repeat(16_384) }],
    ["a line that becomes too long", { type: "note", text: "\u2028".repeat(2_731) }],
  ];
  it("is refused by itself, not with what is written at the same moment", async () => {
    const place = new AuditPlace();
    const log = await place.open();
    const good = log.append({ type: "note", n: 1 });
    const bad = await Promise.allSettled(cases.map(([, fields]) => log.append(fields as never)));
    for (const [index, [name]] of cases.entries()) {
      expect(bad[index], name).toMatchObject({ status: "rejected", reason: { code: "ERR_INVALID_OPTION" } });
    }
    expect(await good).toBe(3);
    expect(await log.append({ n: 2.125, type: "note", nothing: undefined, text: "\u001b\n\ud800\\" })).toBe(4);
    expect(await log.append({ type: "note", text: "\u2028".repeat(2_690), peer: undefined })).toBe(5);
    expect(await log.append({ type: "note", peer: `spiffe://local.test/${"x".repeat(2_028)}` })).toBe(6);
    await log.close();
    expect(await place.verify()).toMatchObject({ ok: true, lastSeq: 8 });
  });
});

describe("a log that is closed", () => {
  it("takes no checkpoint any more, which would have been a second writer", async () => {
    const place = new AuditPlace();
    const log = await place.open();
    const closed = log.close();
    await expect(log.checkpoint()).rejects.toMatchObject({ code: "ERR_AUDIT_UNAVAILABLE" });
    await closed;
    expect(await place.verify()).toMatchObject({ ok: true, unsigned: 0 });
  });
});

describe("a log with a problem", () => {
  it("goes on when who is told of it throws", async () => {
    const place = new AuditPlace();
    const log = await place.open();
    const warned = signalled();
    const onWarning = ({ message }: Error) => message === "an async listener that fails" && warned.resolve();
    process.on("warning", onWarning);
    onTestFinished(() => void process.off("warning", onWarning));
    log.onProblem(() => {
      throw new Error("a listener that fails");
    });
    log.onProblem(async () => {
      throw new Error("an async listener that fails");
    });
    appendFileSync(place.segments[0] ?? "", "{}\n");
    for (let n = 0; n < 2; n++) {
      await expect(log.append({ type: "note" })).rejects.toMatchObject({ code: "ERR_AUDIT_UNAVAILABLE" });
    }
    await warned.promise;
    await log.close();
  });

  it("is not opened where its anchor cannot be written, and leaves nothing behind", async () => {
    const place = new AuditPlace();
    const anchorFile = join(place.base, "not-there", "anchor.json");
    await expect(place.open({ anchorFile })).rejects.toMatchObject({ code: "ERR_FILE_WRITE" });
    expect(place.segments).toEqual([]);
    await (await place.open()).close();
  });
});

describe("segments", () => {
  it("go on ageing while no server runs", async () => {
    const place = new AuditPlace();
    await (await place.open()).close();
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 2 * 86_400_000 });
    onTestFinished(() => void vi.useRealTimers());
    const log = await place.open();
    await log.append({ type: "note" });
    await log.close();
    expect(place.segments).toHaveLength(2);
    expect(await place.verify()).toMatchObject({ ok: true });
  });

  it("rotate by size, and the chain goes on", async () => {
    const place = new AuditPlace();
    const log = await place.open({ maxSegmentBytes: 2_000 });
    for (let n = 0; n < 50; n++) await log.append({ type: "note", n });
    await log.close();
    const report = await place.verify();
    expect(report).toMatchObject({ ok: true, unsigned: 0 });
    expect(report.segments).toBeGreaterThan(3);
    expect(place.records.filter(({ type }) => type === "note").map(({ n }) => n)).toEqual([...Array(50).keys()]);
  });

  it("are removed in good order when only some are kept", async () => {
    const place = new AuditPlace();
    const log = await place.open({ maxSegmentBytes: 2_000, keepSegments: 3 });
    for (let n = 0; n < 100; n++) await log.append({ type: "note", n });
    await log.close();
    const report = await place.verify();
    expect(report).toMatchObject({ ok: true, segments: 3 });
    expect(report.firstSeq).toBeGreaterThan(1);
    const again = await place.open();
    await again.append({ type: "note" });
    await again.close();
    expect(await place.verify()).toMatchObject({ ok: true });
  });
});
