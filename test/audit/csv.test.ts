import { describe, expect, it } from "vitest";
import { csvHeader, csvLine } from "../../src/audit/csv.js";
import { escapeControls } from "../../src/escape-controls.js";

const record = { seq: 1, time: "2026-01-31T12:00:00.000Z", type: "call.refused", prev: "p", hash: "h" };

describe("a line of CSV", () => {
  it.each(["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠1"])(
    "has no formula, whatever a peer calls itself: %j",
    (peer) => {
      expect(csvLine({ ...record, peer }).split(",")[3]).toBe(`'${peer}`);
      expect(csvLine({ ...record, method: `${peer},"x"` })).toContain(`"'${peer},""x"""`);
    },
  );

  it("is one line with as many cells as the header, once it is printed", () => {
    const line = escapeControls(csvLine({ ...record, peer: 'a"b\n\u2028,c', note: "\u001b[31m\r\n" }));
    expect(line).toMatch(/^[ -~]*$/);
    const cells = line.match(/("([^"]|"")*"|[^,]*)(,|$)/g)?.length ?? 0;
    // The pattern finds an empty cell behind the last one.
    expect(cells - 1).toBe(csvHeader.split(",").length);
  });

  it("leaves numbers numbers", () => {
    expect(csvLine({ ...record, durationMs: -1.5 })).toContain(",-1.5,");
  });
});
