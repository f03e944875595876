import { Writable } from "node:stream";
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { Output } from "../../src/cli/output.js";
import { topScreen } from "../../src/cli/top-screen.js";
import { GetStatsResponseSchema } from "../../src/gen/pinwire/admin/v1/admin_pb.js";

function answer(started: number, now: number, methods: { method: string; calls: bigint }[]) {
  const init = { started: timestampFromMs(started), now: timestampFromMs(now), methods };
  return create(GetStatsResponseSchema, init);
}

describe("what pinwire top shows", () => {
  const row = (lines: string[]) => lines.find((line) => line.endsWith("/a.B/C"))?.trim();

  it("is the rate since the answer before", () => {
    const before = answer(0, 10_000, [{ method: "/a.B/C", calls: 100n }]);
    const now = answer(0, 12_000, [{ method: "/a.B/C", calls: 120n }]);
    expect(row(topScreen(now, before))).toMatch(/^10\.0 /);
  });

  it("is the rate since its start when the server was started again", () => {
    const before = answer(0, 10_000, [{ method: "/a.B/C", calls: 100n }]);
    const now = answer(11_000, 12_000, [{ method: "/a.B/C", calls: 5n }]);
    expect(row(topScreen(now, before))).toMatch(/^5\.0 /);
  });

  it("shows of a server's words what they are, and does nothing that they say", () => {
    const hostile = "\u001b]0;owned\u0007\u009b2J\r\n\u2028\u202e\u{e0041}";
    const stats = create(GetStatsResponseSchema, {
      methods: [{ method: `/${hostile}`, calls: 1n, byStatus: { [hostile]: 1n } }],
      peers: [{ peer: hostile, connections: 1n, calls: 2n, refused: 3n }],
      refusedCalls: { [hostile]: 1n },
      anomalies: { [hostile]: 1n },
      connections: { open: 1n, accepted: 1n, refused: { [hostile]: 1n } },
    });
    let text = "";
    const stdout = new Writable({
      write(chunk, _, done) {
        text += String(chunk);
        done();
      },
    });
    const lines = topScreen(stats, undefined);
    new Output({ stdout, stderr: stdout }, false).screen(lines);
    expect(text).toMatch(/^[\n -~]*$/);
    expect(text.split("\n")).toHaveLength(lines.length + 2);
    expect(text.match(/\\u001b\]0;owned\\u0007\\u009b2J/g)).toHaveLength(5);
  });

  it("stays a screen, whatever a server answers", () => {
    const methods = Array.from({ length: 200_000 }, (_, n) => ({ method: `/${n}`, calls: BigInt(n) }));
    expect(topScreen(answer(0, 1_000, methods), undefined).length).toBeLessThan(60);
  });
});
