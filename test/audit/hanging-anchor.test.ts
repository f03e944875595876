import { readFileSync } from "node:fs";
import { expect, it, onTestFinished, vi } from "vitest";
import { AuditPlace } from "../helpers/audit-place.js";
import { signalled } from "../helpers/collect.js";

/** A place on another machine that does not answer: nothing of this one can be made to hang like that. */
const place = vi.hoisted(() => ({ answers: Promise.resolve() }));
vi.mock("../../src/audit/anchor.js", async (original) => {
  const real = await original<typeof import("../../src/audit/anchor.js")>();
  const writeAnchor: typeof real.writeAnchor = async (...args) => {
    await place.answers;
    return real.writeAnchor(...args);
  };
  return { ...real, writeAnchor };
});

for (const keepSegments of [undefined, 2]) {
  it(`records go on while the place of the anchor does not answer, keeping ${keepSegments ?? "all"} segments`, async () => {
    const audit = new AuditPlace();
    place.answers = Promise.resolve();
    const log = await audit.open({ maxSegmentBytes: 1_000, ...(keepSegments && { keepSegments }) });
    const answer = signalled();
    onTestFinished(() => answer.resolve());
    place.answers = answer.promise;
    const checkpoint = log.checkpoint();
    for (let n = 0; n < 8; n++) await log.append({ type: "note", n });
    // None that the anchor does not explain is gone.
    expect(audit.records.filter(({ type }) => type === "note")).toHaveLength(8);
    answer.resolve();
    await checkpoint;
    await log.close();
    expect(await audit.verify()).toMatchObject({ ok: true, unsigned: 0 });
  });
}

it("a log is closed although the place of the anchor does not answer, and that is told", async () => {
  const audit = new AuditPlace();
  place.answers = Promise.resolve();
  const log = await audit.open();
  const problems: Error[] = [];
  log.onProblem((error) => problems.push(error));
  const answer = signalled();
  onTestFinished(() => answer.resolve());
  place.answers = answer.promise;
  await log.append({ type: "note" });
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const closed = log.close();
  let isClosed = false;
  closed.then(() => {
    isClosed = true;
  });
  while (!isClosed) await vi.advanceTimersByTimeAsync(1_000);
  expect(problems).toMatchObject([{ code: "ERR_FILE_WRITE", message: expect.stringContaining("does not answer") }]);
  expect(await audit.verify()).toMatchObject({ ok: true, unsigned: 0 });
  vi.useRealTimers();
  answer.resolve();
  // Late, but it arrives; and nothing is written any more when the directory goes.
  const anchored = () => (JSON.parse(readFileSync(audit.anchorFile, "utf8")) as { seq: number }).seq;
  await vi.waitFor(() => expect(anchored()).toBe(audit.records.at(-1)?.seq), { timeout: 10_000 });
});
