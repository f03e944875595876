import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { helloPayload } from "../../../scripts/direct-frames.js";
import { MethodSchema } from "../../../src/gen/pinwire/direct/v1/hello_pb.js";
import { decodeHello, encodeHello } from "../../../src/rpc/direct/hello-frame.js";
import { fixedLimits } from "../../../src/rpc/direct/limits.js";
import { ProtocolViolation } from "../../../src/rpc/direct/violation.js";

const limits = { ...fixedLimits, maxMessageBytes: 5_000, maxStreams: 7 };
const connectionId = new Uint8Array(16).fill(7);
const methods = (count: number, pathBytes = 40) =>
  Array.from({ length: count }, (_, i) =>
    create(MethodSchema, { path: `/${i}/`.padEnd(pathBytes, "x"), fingerprint: new Uint8Array(8) }),
  );

describe("HELLO", () => {
  it("comes back as it went", () => {
    const greeting = { limits, connectionId, methods: methods(3) };
    const { methods: read, ...rest } = decodeHello(Buffer.from(encodeHello(greeting)));
    expect(rest).toEqual({ limits, connectionId: Buffer.from(connectionId) });
    expect(read.map(({ path }) => path)).toEqual(greeting.methods.map(({ path }) => path));
  });

  it.each([10, 120, 127, 128, 1_000])(
    "has at most 64 KiB, however many methods there are, with paths of %i",
    (pathBytes) => {
      const all = methods(10_000, pathBytes);
      const payload = Buffer.from(encodeHello({ limits, connectionId, methods: all }));
      const { methods: read } = decodeHello(payload);
      expect(payload.length).toBeLessThanOrEqual(64 * 1024);
      expect(payload.length).toBeGreaterThan(50 * 1024);
      // The first ones, so that their indices are right.
      expect(read.map(({ path }) => path)).toEqual(all.slice(0, read.length).map(({ path }) => path));
    },
  );

  it("over 64 KiB is not even parsed", () => {
    const methodOf = (bytes: number) => ({ methods: [{ path: "x".repeat(bytes), fingerprint: new Uint8Array() }] });
    const atMost = 64 * 1024 - (helloPayload(methodOf(60_000)).length - 60_000);
    expect(decodeHello(Buffer.from(helloPayload(methodOf(atMost)))).methods).toHaveLength(1);
    expect(() => decodeHello(Buffer.from(helloPayload(methodOf(atMost + 1))))).toThrow(
      new ProtocolViolation("BAD_HELLO", "HELLO of 65537 bytes"),
    );
  });
});
