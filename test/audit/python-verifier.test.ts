import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { verifyAuditLog } from "../../src/audit/verify-audit-log.js";
import { python } from "../helpers/python.js";
import { TamperedLogs } from "../helpers/tampered-logs.js";

const flips = Number(process.env.PINWIRE_FLIPS ?? 300);
const hasCryptography = spawnSync(python, ["-c", "import cryptography"]).status === 0;
if (!hasCryptography) console.warn("skipped: no second opinion on audit logs, python3-cryptography is not installed");

/** What the verifier written from docs/audit-format.md says of each log. */
function verdicts(directories: readonly string[], anchor: string, key: string): Record<string, unknown>[] {
  const input = directories.map((directory) => JSON.stringify({ directory, anchor, key })).join("\n");
  const script = join(import.meta.dirname, "verify_audit_log.py");
  const { stdout, stderr } = spawnSync(python, [script], { input, encoding: "utf8", maxBuffer: 1 << 28 });
  expect(stderr).toBe("");
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe.skipIf(!hasCryptography)("a verifier that shares no code with ours", () => {
  it("agrees on every attack: verdict, reason, and the first bad record", { timeout: 600_000 }, async () => {
    const { place, logs } = await TamperedLogs.make(flips);
    const { keyFile, anchorFile } = place;
    const theirs = verdicts(
      logs.map(({ directory }) => directory),
      anchorFile,
      keyFile,
    );
    expect(theirs).toHaveLength(logs.length);
    for (const [index, { name, directory }] of logs.entries()) {
      const { ok, fault, records, unsigned } = await verifyAuditLog(directory, { keyFile, anchorFile });
      const { reason, segment, seq } = fault ?? {};
      const ours = ok ? { ok, records, unsigned } : { ok, reason, segment, seq };
      expect({ name, ...theirs[index] }).toEqual({ name, ...ours });
    }
  });
});
