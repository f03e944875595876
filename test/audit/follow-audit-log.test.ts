import { appendFileSync, readdirSync, readFileSync, readlinkSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { type FollowAuditLogOptions, followAuditLog } from "../../src/audit/follow-audit-log.js";
import type { AuditRecord } from "../../src/audit/parse-record.js";
import { AuditPlace } from "../helpers/audit-place.js";
import { signalled } from "../helpers/collect.js";

/** Keeps what it is sent, and lets a test wait for a record. */
class Collector {
  readonly batches: (readonly AuditRecord[])[] = [];
  readonly #waiting = new Set<() => void>();

  readonly send = (records: readonly AuditRecord[]): void => {
    this.batches.push(records);
    for (const wake of this.#waiting) wake();
  };

  get records(): AuditRecord[] {
    return this.batches.flat();
  }

  async until(seq: number): Promise<void> {
    while (!this.records.some((record) => record.seq === seq)) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }
}

function follow(place: AuditPlace, options: FollowAuditLogOptions) {
  const follower = followAuditLog(place.directory, { closeTimeoutMs: 1, ...options });
  onTestFinished(() => follower.close());
  return follower;
}

describe("records of an audit log that are passed on", () => {
  it("are all of them, in order, as they stand in the log, also those still to come", async () => {
    const place = new AuditPlace();
    const log = await place.open({ maxSegmentBytes: 2_000 });
    for (let n = 0; n < 50; n++) await log.append({ type: "note", n });
    const collector = new Collector();
    const follower = follow(place, { send: collector.send, closeTimeoutMs: 10_000 });
    await collector.until(place.records.length);
    for (let n = 50; n < 100; n++) await log.append({ type: "note", n });
    await log.close();
    await follower.close();
    expect(place.segments.length).toBeGreaterThan(3);
    expect(collector.records).toEqual(place.records);
    expect(follower.lastSeq).toBe(place.records.length);
  });

  it("go on where a follower before has ended", async () => {
    const place = new AuditPlace();
    const log = await place.open();
    for (let n = 0; n < 10; n++) await log.append({ type: "note", n });
    const collector = new Collector();
    await follow(place, { send: collector.send, afterSeq: 7, closeTimeoutMs: 10_000 }).close();
    expect(collector.records.map(({ seq }) => seq)).toEqual([8, 9, 10, 11, 12]);
  });

  it("are not read again once they were sent, segment by segment", async () => {
    const place = new AuditPlace();
    const log = await place.open({ maxSegmentBytes: 1_000 });
    for (let n = 0; n < 20; n++) await log.append({ type: "note", n });
    await log.close();
    const { records } = place;
    const problems: unknown[] = [];
    const onProblem = (error: unknown) => problems.push(error);
    const middle = records.find(({ segment, type }) => type === "segment" && segment === 4)?.seq as number;
    rmSync(place.segments[2] ?? "");
    writeFileSync(place.segments[1] ?? "", "no record\n");
    const collector = new Collector();
    const options = { afterSeq: middle + 1, onProblem, closeTimeoutMs: 10_000 };
    await follow(place, { send: collector.send, ...options }).close();
    expect(problems).toEqual([]);
    expect(collector.records).toEqual(records.slice(middle + 1));
  });

  it("wait in the log for who is slow, and hold up nobody", async () => {
    const place = new AuditPlace();
    const log = await place.open();
    const began = signalled();
    const goOn = signalled();
    const collector = new Collector();
    const send = async (records: readonly AuditRecord[]) => {
      collector.send(records);
      began.resolve();
      await goOn.promise;
    };
    follow(place, { send });
    await began.promise;
    await Promise.all(Array.from({ length: 5_000 }, (_, n) => log.append({ type: "note", n })));
    expect(collector.batches).toHaveLength(1);
    goOn.resolve();
    await collector.until(5_000);
    expect(Math.max(...collector.batches.map(({ length }) => length))).toBe(500);
    expect(collector.records.map(({ seq }) => seq).slice(0, 5_000)).toEqual(
      Array.from({ length: 5_000 }, (_, n) => n + 1),
    );
  });

  it("are read a few at a time, so that a long log holds up nobody", async () => {
    const place = new AuditPlace();
    const log = await place.open();
    await Promise.all(Array.from({ length: 5_000 }, (_, n) => log.append({ type: "note", n })));
    const collector = new Collector();
    let turns = 0;
    const count = () => {
      turns += 1;
      counting = setImmediate(count);
    };
    let counting = setImmediate(count);
    const turnsAt: number[] = [];
    const send = (records: readonly AuditRecord[]) => {
      turnsAt.push(turns);
      collector.send(records);
    };
    follow(place, { send });
    await collector.until(5_000);
    clearImmediate(counting);
    expect(turnsAt.length).toBeGreaterThanOrEqual(10);
    expect(new Set(turnsAt).size).toBe(turnsAt.length);
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("no");
      },
    ],
    ["rejects", () => Promise.reject(new Error("no"))],
  ])("come again when who takes them %s", async (_, fail) => {
    const place = new AuditPlace();
    const log = await place.open();
    await log.append({ type: "note" });
    const collector = new Collector();
    const problems: unknown[] = [];
    let failures = 0;
    const send = (records: readonly AuditRecord[]) => {
      if (failures++ === 0) return fail();
      return collector.send(records);
    };
    const onProblem = (error: unknown) => {
      problems.push(error);
      throw new Error("nor this");
    };
    follow(place, { send, onProblem });
    await collector.until(3);
    expect(collector.records.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(problems).toMatchObject([{ message: "no" }]);
  });

  it("come again also when who is told of it rejects", async () => {
    const place = new AuditPlace();
    const log = await place.open();
    await log.append({ type: "note" });
    const collector = new Collector();
    let failures = 0;
    const send = (records: readonly AuditRecord[]) => {
      if (failures++ === 0) throw new Error("no");
      collector.send(records);
    };
    follow(place, { send, onProblem: () => Promise.reject(new Error("nor this")) });
    await collector.until(3);
    expect(collector.records.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  it.skipIf(process.platform !== "linux")("leave no file open behind where sending fails half-way", async () => {
    const place = new AuditPlace();
    const log = await place.open();
    await Promise.all(Array.from({ length: 600 }, (_, n) => log.append({ type: "note", n })));
    await log.close();
    const opened: number[] = [];
    const failed = signalled();
    const send = () => {
      throw new Error("no");
    };
    const onProblem = () => {
      opened.push(openFiles(place.segments[0] ?? ""));
      failed.resolve();
    };
    follow(place, { send, onProblem });
    await failed.promise;
    expect(opened[0]).toBe(0);
  });

  it("come again from the beginning of their segment when others stand in their place", async () => {
    const place = new AuditPlace();
    const log = await place.open();
    const [segment = ""] = place.segments;
    await log.append({ type: "note", n: 1 });
    const before = readFileSync(segment).length;
    await log.append({ type: "note", n: 2 });
    const problem = signalled();
    const collector = new Collector();
    const problems: unknown[] = [];
    const onProblem = (error: unknown) => {
      problems.push(error);
      problem.resolve();
    };
    follow(place, { send: collector.send, onProblem });
    await collector.until(4);
    // As after a write that was taken back; the other log has another name and so other hashes.
    const other = new AuditPlace();
    const otherLog = await other.open();
    for (let n = 0; n < 3; n++) await otherLog.append({ type: "note", n, text: "x".repeat(100) });
    truncateSync(segment, before);
    writeFileSync(segment, readFileSync(other.segments[0] ?? ""));
    await problem.promise;
    await collector.until(5);
    for (const each of problems) expect(each).toMatchObject({ code: "ERR_AUDIT_TAMPERED" });
    expect(collector.records.slice(4)).toEqual(other.records);
  });

  it("are not made up: what is no record is told, and nothing behind it is sent", async () => {
    const place = new AuditPlace();
    const log = await place.open();
    appendFileSync(place.segments[0] ?? "", '{"seq":3}\n');
    const problem = signalled();
    const collector = new Collector();
    const problems: unknown[] = [];
    const follower = follow(place, {
      send: collector.send,
      onProblem: (error) => {
        problems.push(error);
        problem.resolve();
      },
    });
    await problem.promise;
    await follower.close();
    expect(problems[0]).toMatchObject({ code: "ERR_AUDIT_TAMPERED" });
    expect(log.written).toBe(0);
  });
});

describe("a follower that is closed", () => {
  it("does not wait for ever for who takes no records, and sends nothing afterwards", async () => {
    const place = new AuditPlace();
    const log = await place.open();
    for (let n = 0; n < 600; n++) void log.append({ type: "note", n });
    await log.append({ type: "note" });
    const began = signalled();
    const goOn = signalled();
    let sent = 0;
    const send = async () => {
      sent += 1;
      began.resolve();
      await goOn.promise;
    };
    const follower = follow(place, { send });
    await began.promise;
    await follower.close();
    goOn.resolve();
    for (let n = 0; n < 20; n++) await new Promise(setImmediate);
    expect(sent).toBe(1);
  });

  it("tells where a log is that is not there", async () => {
    const place = new AuditPlace();
    rmSync(place.directory, { recursive: true, force: true });
    const problems: unknown[] = [];
    const follower = follow(place, {
      send: () => {},
      onProblem: (error) => problems.push(error),
      closeTimeoutMs: 10_000,
    });
    await follower.close();
    expect(problems[0]).toMatchObject({ code: "ERR_FILE_MISSING" });
  });
});

describe("options of a follower", () => {
  it.each([
    [{}, "needs send"],
    [{ send: () => {}, afterSeq: -1 }, "afterSeq must be"],
    [{ send: () => {}, closeTimeoutMs: 0 }, "closeTimeoutMs must be"],
    [{ send: () => {}, sendTo: "" }, 'has no option "sendTo"'],
  ])("are checked", (options, message) => {
    expect(() => followAuditLog("/nowhere", options as never)).toThrow(message);
  });
});

function openFiles(path: string): number {
  const targets = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return undefined;
    }
  });
  return targets.filter((target) => target === path).length;
}
