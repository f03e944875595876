import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ReceivedMetadata, SentMetadata } from "../../../src/rpc/direct/repeated-metadata.js";
import { ProtocolViolation } from "../../../src/rpc/direct/violation.js";
import { Metadata } from "../../../src/rpc/metadata.js";
import { GreeterPair } from "../../helpers/greeter-pair.js";

const token = `Bearer ${"t".repeat(700)}`;

/** Both ends of a connection. */
class Ends {
  readonly #sent = new SentMetadata();
  readonly #received = new ReceivedMetadata();

  pass(metadata: Metadata): { arrived: Metadata | undefined; bytes: number } {
    const sent = this.#sent.encode(metadata);
    this.#sent.remember(metadata, sent);
    return { arrived: this.#received.decode(sent, 32_768), bytes: sent.metadata?.length ?? 0 };
  }
}

describe("metadata that is the same as before", () => {
  it("travels once", () => {
    const ends = new Ends();
    const metadata = () => Metadata.from({ authorization: token });
    expect(ends.pass(metadata()).bytes).toBeGreaterThan(700);
    for (let n = 0; n < 3; n++) {
      const { arrived, bytes } = ends.pass(metadata());
      expect(bytes).toBe(0);
      expect([...(arrived ?? [])]).toEqual([["authorization", token]]);
    }
  });

  it("is each call's own: what one does to it, the next does not see", () => {
    const ends = new Ends();
    ends.pass(Metadata.from({ authorization: token })).arrived?.delete("authorization");
    ends.pass(Metadata.from({ authorization: token })).arrived?.delete("authorization");
    expect(ends.pass(Metadata.from({ authorization: token })).arrived?.get("authorization")).toBe(token);
  });

  it("is not remembered with bytes, which their owners may change in place", () => {
    const ends = new Ends();
    const bytes = Buffer.alloc(200, 1);
    const pass = () => ends.pass(Metadata.from({ "key-bin": bytes })).arrived?.get("key-bin");
    pass()?.fill(9);
    expect(Buffer.compare(pass() ?? bytes, Buffer.alloc(200, 1))).toBe(0);
    bytes.fill(2);
    expect(Buffer.compare(pass() ?? bytes, Buffer.alloc(200, 2))).toBe(0);
  });

  it("costs a server nothing but a reference for each call, however many entries it stands for", () => {
    const ends = new Ends();
    const metadata = new Metadata();
    for (let i = 0; i < 3_000; i++) metadata.append(`k${i}`, "");
    ends.pass(metadata);
    const before = process.memoryUsage().heapUsed;
    const arrived = Array.from({ length: 5_000 }, () => ends.pass(metadata).arrived);
    // A copy of the entries is 300 KB, so that these were 1.5 GB.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100_000_000);
    expect(new Set(arrived.map((each) => each?.size))).toEqual(new Set([3_000]));
  });

  it("arrives as it was sent, whatever comes in between", () => {
    const key = fc.constantFrom("a", "b", "c-bin");
    const value = fc.constantFrom("x", "y".repeat(200), "z".repeat(150));
    const calls = fc.array(fc.array(fc.tuple(key, value), { maxLength: 3 }), { maxLength: 20 });
    fc.assert(
      fc.property(calls, (all) => {
        const ends = new Ends();
        for (const entries of all) {
          const metadata = new Metadata();
          for (const [name, text] of entries) metadata.append(name, name.endsWith("-bin") ? Buffer.from(text) : text);
          const { arrived } = ends.pass(metadata);
          expect([...(arrived ?? [])].map(([name, each]) => [name, Buffer.from(each)])).toEqual(
            [...metadata].map(([name, each]) => [name, Buffer.from(each)]),
          );
        }
      }),
    );
  });

  it("is a violation where there was none before", () => {
    expect(() => new ReceivedMetadata().decode({ metadata: undefined, sameMetadata: true }, 100)).toThrow(
      new ProtocolViolation("BAD_METADATA", "metadata is to be the same as before, and there was none"),
    );
  });

  it("reaches handlers in each call of a client", async () => {
    const seen: (string | undefined)[] = [];
    const pair = await GreeterPair.start({
      implementation: {
        sayHello: (_, { requestMetadata }) => {
          seen.push(requestMetadata.get("x-token"));
          requestMetadata.delete("x-token");
          return { greeting: "" };
        },
      },
    });
    for (let n = 0; n < 3; n++) await pair.client.sayHello({ name: "Ada" }, { metadata: { "x-token": token } });
    await pair.client.sayHello({ name: "Ada" });
    await pair.client.sayHello({ name: "Ada" }, { metadata: { "x-token": "short" } });
    await pair.client.sayHello({ name: "Ada" }, { metadata: { "x-token": token } });
    expect(seen).toEqual([token, token, token, undefined, "short", token]);
  });
});
