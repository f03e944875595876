import { describe, expect, it } from "vitest";
import { renderTables } from "../../bench/table.js";

describe("renderTables", () => {
  const results = [
    { subject: "bare", case: "unary", callsPerSecond: 8_000, p50Ms: 0.25 },
    { subject: "ours", case: "unary", callsPerSecond: 12_000, p50Ms: 0.5 },
    { subject: "bare", case: "stream", callsPerSecond: 10 },
    { subject: "ours", case: "stream", error: "it broke" },
  ];

  it("has a table per metric, a row per case, ratios to the baseline", () => {
    expect(renderTables(results, ["bare", "ours"], "bare")).toBe(
      [
        "calls per second (more is better)           bare            ours",
        "---------------------------------  -------------  --------------",
        "unary                              8,000          12,000   1.50x",
        "stream                                10                  failed",
        "",
        "p50, ms (less is better)           bare           ours",
        "------------------------  -------------  -------------",
        "unary                     0.250          0.500   2.00x",
      ].join("\n"),
    );
  });

  it("shows values alone where the baseline has none", () => {
    const [, , row] = renderTables(results, ["ours"], "absent").split("\n");
    expect(row).toMatch(/^unary +12,000 +$/);
  });
});
