import { describe, expect, it } from "vitest";
import { AuditBatch, type PendingRecord } from "../../src/audit/audit-batch.js";
import { ServerAudit } from "../../src/audit/server-audit.js";
import { RpcError } from "../../src/errors.js";
import { Status } from "../../src/status.js";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

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

describe("a server that is closed while a disk is slow", () => {
  it("has told the log of the end of each call that began, also of those whose begin was not yet written", async () => {
    const log = new SlowLog();
    const audit = new ServerAudit(log as never, "all", silent);
    const { outcome, admission } = audit.stagesOf(undefined);
    const ended = (path: string, work: (begun: Promise<void>) => Promise<void>) => {
      const peer = { id: "spiffe://local.test/cli", pin: "sha256/x" };
      const call = { path, peer, connection: { id: "c", protocol: "p" }, startedAt: 0, hasReference: false };
      const run = () => work(admission[0]?.(call as never, () => Promise.resolve()) ?? Promise.reject());
      return outcome[0]?.(call as never, run).catch(() => {});
    };
    const first = ended("/a.B/First", (begun) => begun);
    // Aborted while its begin is on its way.
    await ended("/a.B/Second", () => Promise.reject(new RpcError(Status.CANCELLED, "gone")));
    log.batches[0]?.succeed(1);
    await first;
    let closed = false;
    const closing = audit[Symbol.asyncDispose]().then(() => {
      closed = true;
    });
    for (let n = 0; n < 10; n++) await new Promise(setImmediate);
    expect(closed).toBe(false);
    log.batches[1]?.succeed(2);
    await closing;
    expect(log.records).toMatchObject([
      { type: "call.begin", method: "/a.B/First" },
      { type: "call.begin", method: "/a.B/Second" },
      { type: "call.end", begin: 1, status: "OK" },
      { type: "call.end", begin: 2, status: "CANCELLED" },
    ]);
  });
});
