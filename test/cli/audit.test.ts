import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { recordTypes } from "../../src/cli/commands/audit/filter.js";
import { AuditPlace } from "../helpers/audit-place.js";
import { pinwire, RunningPinwire } from "../helpers/pinwire.js";

/** A log with what a peer may name itself and its methods. */
async function written(): Promise<AuditPlace> {
  const place = new AuditPlace();
  const log = await place.open();
  await log.append({
    type: "call.refused",
    peer: "spiffe://local.test/cli",
    code: "ERR_POLICY",
    method: "/a.B/\u001b[31mC",
  });
  await log.append({ type: "connection.refused", code: "ERR_NOT_PINNED", peer: '=HYPERLINK("x")' });
  await log.close();
  return place;
}

describe("pinwire audit verify", () => {
  it("proves a log with key and anchor", async () => {
    const { directory, keyFile, anchorFile } = await written();
    const { code, stdout } = await pinwire(["audit", "verify", directory, "--key", keyFile, "--anchor", anchorFile]);
    expect(stdout).toBe(
      "ok: 6 records, 1 to 6, in 1 segments and 1 epochs\nall of them are signed\nthe anchor fits: the end is there\n",
    );
    expect(code).toBe(0);
  });

  it("names the first bad record and ends with DATA_LOSS", async () => {
    const place = await written();
    place.tamper((bytes) => Buffer.from(bytes.toString().replace("ERR_POLICY", "ERR_POLICE")));
    const words = ["audit", "verify", place.directory, "--anchor", place.anchorFile];
    const text = await pinwire(words);
    expect(text).toMatchObject({
      code: 15,
      stdout: "NOT AS IT WAS WRITTEN: malformed\nat record 3: segment 1, line 3\n",
    });
    const json = await pinwire([...words, "--json"]);
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: false, fault: { reason: "malformed", seq: 3 } });
  });

  it("wants a key or an anchor, and a log", async () => {
    const place = await written();
    expect(await pinwire(["audit", "verify", place.directory])).toMatchObject({
      code: 64,
      stdout: "",
      stderr: expect.stringMatching(
        /error: --key FILE or --anchor FILE is missing\nhint: name what .* keyFile and anchorFile/,
      ),
    });
    const nowhere = await pinwire(["audit", "verify", `${place.base}/nowhere`, "--key", place.keyFile]);
    expect(nowhere.code).toBe(9);
    expect(nowhere.stderr).toMatch(/ERR_FILE_MISSING/);
  });
});

describe("pinwire audit tail, show and export", () => {
  it("show the newest records, nothing of them raw", async () => {
    const { directory } = await written();
    const { stdout, code } = await pinwire(["audit", "tail", directory, "--lines", "4"]);
    expect(code).toBe(0);
    const lines = stdout.trim().split("\n");
    expect(lines).toHaveLength(4);
    expect(lines[0]).toContain("call.refused  peer=spiffe://local.test/cli  code=ERR_POLICY");
    expect(stdout).not.toContain("\u001b");
  });

  it("follow a log that is written to", async () => {
    const place = new AuditPlace();
    const log = await place.open();
    const running = new RunningPinwire(["audit", "tail", place.directory, "--follow", "--json"]);
    await running.lines(2);
    await log.append({ type: "note", n: 1 });
    const lines = await running.lines(3);
    expect(JSON.parse(lines[2] ?? "")).toMatchObject({ seq: 3, type: "note", n: 1 });
  });

  it("show what fits", async () => {
    const { directory } = await written();
    const show = async (...args: string[]) => (await pinwire(["audit", "show", directory, ...args])).stdout;
    expect((await show("--type", "call.refused")).trim().split("\n")).toHaveLength(1);
    expect((await show("--peer", "spiffe://local.test/cli")).trim().split("\n")).toHaveLength(1);
    expect(await show("--since", "2999-01-01")).toBe("");
    expect(await show("--type", "gap")).toBe("");
    expect((await show("--method", "a.B/\u001b[31mC")).trim().split("\n")).toHaveLength(1);
    expect(await show("--seq", "5")).toMatch(/^5 .* close\n$/);
    expect(await pinwire(["audit", "show", directory, "--since", "yesterday"])).toMatchObject({ code: 64 });
  });

  it("say when a type is misspelt, but know that a program may have types of its own", async () => {
    const place = await written();
    for (const command of ["show", "export"]) {
      const format = command === "export" ? ["--format", "jsonl"] : [];
      expect(await pinwire(["audit", command, place.directory, ...format, "--type", "call.refusd"])).toMatchObject({
        code: 64,
        stdout: "",
        stderr: expect.stringMatching(/no record of type "call.refusd"\nhint: did you mean call.refused\? the types/),
      });
    }
    const log = await place.open();
    await log.append({ type: "note", n: 1 });
    await log.close();
    expect(await pinwire(["audit", "show", place.directory, "--type", "note"])).toMatchObject({ code: 0, stderr: "" });
  });

  it("know the types that docs/audit-format.md has", () => {
    const page = readFileSync(new URL("../../docs/audit-format.md", import.meta.url), "utf8");
    const table = page.slice(page.indexOf("| type | fields | when |"), page.indexOf("`log` names the log"));
    expect([...table.matchAll(/^\| `([a-z.]+)` \|/gm)].map(([, type]) => type).sort()).toEqual([...recordTypes].sort());
  });

  it("export CSV that no spreadsheet takes for a formula", async () => {
    const { directory } = await written();
    const { stdout } = await pinwire(["audit", "export", directory, "--format", "csv"]);
    const [head, ...rows] = stdout.trim().split("\n");
    expect(head).toMatch(/^seq,time,type,peer,pin,method,/);
    expect(rows).toHaveLength(6);
    expect(stdout).toContain(`"'=HYPERLINK(""x"")"`);
  });
});
