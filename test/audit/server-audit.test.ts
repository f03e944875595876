import { describe, expect, it, onTestFinished, vi } from "vitest";
import { AuditBatch, type PendingRecord } from "../../src/audit/audit-batch.js";
import { ServerAudit } from "../../src/audit/server-audit.js";
import { RpcError } from "../../src/errors.js";
import { RefusalCounts } from "../../src/interceptors/refusal-counts.js";
import { ServerObservers } from "../../src/interceptors/server-observer.js";
import { serverTelemetry } from "../../src/interceptors/server-telemetry.js";
import { CallRefused } from "../../src/rpc/call-refused.js";
import { Status } from "../../src/status.js";

const silent = { debug() {}, info() {}, warn() {}, error() {}, isLevelEnabled: () => false };

/** A log on a disk that answers when it is told to. */
class SlowLog {
  readonly texts: string[] = [];
  readonly batches: AuditBatch[] = [];

  add(text: string): PendingRecord {
    this.texts.push(text);
    const batch = new AuditBatch();
    this.batches.push(batch);
    return batch.add(text);
  }

  get records(): unknown[] {
    return this.texts.map((text) => JSON.parse(`{${text}}`) as unknown);
  }

  onProblem(): Disposable {
    return { [Symbol.dispose]() {} };
  }

  use(): Disposable {
    return { [Symbol.dispose]() {} };
  }
}

/** A server's audit on such a log, and calls that pass what it has to do with them. */
function slowAudit() {
  const log = new SlowLog();
  const audit = new ServerAudit(log as never, "all", silent);
  const [begin] = audit.admission(undefined);
  const call = (path: string, work: (begun: Promise<void>) => Promise<void>): Promise<unknown> => {
    const call = callOf(path);
    const run = () => work(begin?.(call as never, () => Promise.resolve()) ?? Promise.reject());
    return followed(audit, call, run).catch((error: unknown) => error);
  };
  return { log, audit, call };
}

function callOf(path: string) {
  const peer = { id: "spiffe://local.test/cli", pin: "sha256/x" };
  const connection = { id: "c", protocol: "h2", peer };
  return { path, peer, connection, route: {}, startedAt: 0, hasReference: false, reference: "r" };
}

/** As a server does it. */
function followed({ ends }: ServerAudit, call: object, run: () => Promise<void>): Promise<void> {
  return serverTelemetry(silent, new RefusalCounts(), [], new ServerObservers([ends]))(call as never, run);
}

const cancelled = () => Promise.reject(new RpcError(Status.CANCELLED, "gone"));

async function manyTurns(): Promise<void> {
  for (let n = 0; n < 10; n++) await new Promise(setImmediate);
}

describe("a server that is closed while a disk is slow", () => {
  it("has told the log of the end of each call that began, also of those whose begin was not yet written", async () => {
    const { log, audit, call } = slowAudit();
    const first = call("/a.B/First", (begun) => begun);
    // Aborted while their begin is on its way.
    await call("/a.B/Second", cancelled);
    await call("/a.B/Third", cancelled);
    log.batches[0]?.succeed(1);
    await first;
    let closed = false;
    const closing = audit[Symbol.asyncDispose]().then(() => {
      closed = true;
    });
    await manyTurns();
    log.batches[1]?.succeed(2);
    await manyTurns();
    // One end is still to come.
    expect(closed).toBe(false);
    log.batches[2]?.succeed(3);
    await closing;
    expect(log.records).toMatchObject([
      { type: "call.begin", method: "/a.B/First" },
      { type: "call.begin", method: "/a.B/Second" },
      { type: "call.begin", method: "/a.B/Third" },
      { type: "call.end", begin: 1, status: "OK" },
      { type: "call.end", begin: 2, status: "CANCELLED" },
      { type: "call.end", begin: 3, status: "CANCELLED" },
    ]);
  });
});

describe("a call whose begin cannot be written", () => {
  it("does not run, and is recorded as refused, not as one that ended", async () => {
    const { log, call } = slowAudit();
    let ran = false;
    const answer = call("/a.B/C", async (begun) => {
      await begun;
      ran = true;
    });
    log.batches[0]?.fail(new Error("no space"));
    expect(await answer).toMatchObject({ code: "ERR_AUDIT_UNAVAILABLE", status: Status.UNAVAILABLE });
    expect(ran).toBe(false);
    expect(log.records).toMatchObject([
      { type: "call.begin", method: "/a.B/C" },
      { type: "call.refused", method: "/a.B/C", code: "ERR_AUDIT_UNAVAILABLE" },
    ]);
  });
});

describe("refusals while the log cannot be written", () => {
  it("are counted until it can, or until the server is closed", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const log = Object.assign(new SlowLog(), { failing: true });
    const audit = new ServerAudit(log as never, "denials", silent);
    const refuse = (count: number) => {
      const counts = new Map([["ERR_NO_CERTIFICATE", count]]);
      audit.refusedConnection({ reason: { code: "ERR_NO_CERTIFICATE" }, reference: "r", counts } as never);
    };
    refuse(1_000);
    vi.advanceTimersByTime(60_000);
    expect(log.records).toEqual([]);
    log.failing = false;
    vi.advanceTimersByTime(60_000);
    expect(log.records).toMatchObject([{ type: "refusals", of: "ERR_NO_CERTIFICATE", more: 1_000 }]);
    log.failing = true;
    refuse(1);
    await audit[Symbol.asyncDispose]();
    expect(log.records).toMatchObject([{ more: 1_000 }, { type: "refusals", more: 1 }]);
  });
});

describe("what a peer names", () => {
  it("leaves no secret in a record", async () => {
    const log = new SlowLog();
    const audit = new ServerAudit(log as never, "denials", silent);
    const token = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl";
    const refusal = new CallRefused("ERR_UNKNOWN_METHOD", Status.UNIMPLEMENTED, "unknown method");
    const call = callOf(`/a.B/${token}`);
    await expect(followed(audit, call, () => Promise.reject(refusal))).rejects.toBe(refusal);
    audit.violation(call.connection as never, `content type ${token}`);
    expect(log.records).toMatchObject([
      { type: "call.refused", method: "/a.B/[token removed]" },
      { type: "connection.violation", violation: "content type [token removed]" },
    ]);
    await audit[Symbol.asyncDispose]();
  });
});
