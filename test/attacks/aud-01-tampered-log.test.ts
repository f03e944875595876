import { describe, expect, it } from "vitest";
import { verifyAuditLog } from "../../src/audit/verify-audit-log.js";
import { TamperedLogs } from "../helpers/tampered-logs.js";

/** Bits flipped at random; `npm run test:audit-flips` does 20,000. */
const flips = Number(process.env.PINWIRE_FLIPS ?? 300);

describe("AUD-01, 02, 04, 08: a log that was changed after it was written", () => {
  it("never verifies, and the first bad record is named", { timeout: 600_000 }, async () => {
    const { place, logs } = await TamperedLogs.make(flips);
    const { keyFile, anchorFile } = place;
    expect(logs.length).toBeGreaterThan(flips + 100);
    for (const { name, directory, seq, reason } of logs) {
      const { ok, fault } = await verifyAuditLog(directory, { keyFile, anchorFile });
      expect(ok, name).toBe(seq === 0);
      if (seq !== undefined && seq > 0) expect(fault?.seq, name).toBe(seq);
      if (reason !== undefined) expect(fault?.reason, name).toBe(reason);
    }
  });

  it("verifies with the anchor alone, and is refused without key and anchor", async () => {
    const { place } = await TamperedLogs.make(0);
    const { anchorFile, keyFile, directory } = place;
    expect(await verifyAuditLog(directory, { anchorFile })).toMatchObject({ ok: true, anchored: true });
    expect(await verifyAuditLog(directory, { keyFile })).toMatchObject({ ok: true, anchored: false });
    await expect(verifyAuditLog(directory, {})).rejects.toMatchObject({ code: "ERR_INVALID_OPTION" });
  });
});
