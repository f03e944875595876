import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { verifyAuditLog } from "../../src/audit/verify-audit-log.js";
import { tempDirectory } from "../helpers/temp-directory.js";

const page = readFileSync(join(import.meta.dirname, "../../docs/audit-format.md"), "utf8");
const log = /```jsonl\n([^`]+)```/.exec(page)?.[1] ?? "";
const anchor = /and its anchor:\n\n```json\n([^`]+)```/.exec(page)?.[1] ?? "";

function written(text: string) {
  const directory = join(tempDirectory(), "log");
  mkdirSync(directory);
  writeFileSync(join(directory, "audit-00000001.jsonl"), text);
  const anchorFile = join(directory, "anchor.json");
  writeFileSync(anchorFile, anchor);
  return verifyAuditLog(directory, { anchorFile });
}

it("the vectors of docs/audit-format.md verify", async () => {
  expect(await written(log)).toMatchObject({ ok: true, records: 5, unsigned: 0, anchored: true });
});

it("and do not with one letter changed", async () => {
  const fault = { reason: "malformed", segment: 1, seq: 3, line: 3 };
  expect(await written(log.replace("DENIED", "DENIEE"))).toMatchObject({ ok: false, fault });
});
