import { describe, expect, it } from "vitest";
import { DenialLimit } from "../../src/audit/denial-limit.js";

describe("the limit of records about refusals", () => {
  it("remembers a bounded number of peers, and forgets no count", () => {
    let now = 0;
    let more = 0;
    const limit = new DenialLimit(
      (fields) => {
        more += Number(fields.more);
      },
      () => now,
    );
    let admitted = 0;
    for (let peer = 0; peer < 10_000; peer++) {
      for (let n = 0; n < 101; n++) admitted += Number(limit.admit(`spiffe://local.test/${peer}`));
      now += 0.1;
    }
    expect(limit.kinds).toBeLessThanOrEqual(4_096);
    limit.flush();
    expect([admitted, more]).toEqual([1_000_000, 10_000]);
  });
});
