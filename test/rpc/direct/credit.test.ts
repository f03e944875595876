// Credit as peers in good faith meet it: what was under way when a stream ended is no offence, and nothing is free.
import { describe, expect, it } from "vitest";
import { RpcError } from "../../../src/errors.js";
import { Status } from "../../../src/status.js";
import { failure } from "../../helpers/collect.js";
import { GreeterPair, type LogRecord } from "../../helpers/greeter-pair.js";

const isViolation = ({ event }: LogRecord) => event === "protocol violation";

function* names(count: number, name: string) {
  for (let i = 0; i < count; i++) yield { name };
}

describe("messages under way when their stream ends", () => {
  for (const [what, name] of Object.entries({ empty: "", small: "x", "not small": "x".repeat(4_000) })) {
    it(`${what} requests, when the server ends the call early`, async () => {
      const pair = await GreeterPair.start({
        implementation: {
          collectHellos: async (requests) => {
            for await (const _ of requests) break;
            throw new RpcError(Status.NOT_FOUND, "that is enough");
          },
        },
      });
      for (let round = 0; round < 3; round++) {
        const error = await failure(pair.client.collectHellos(names(50_000, name)));
        expect(error).toMatchObject({ status: Status.NOT_FOUND, rawMessage: "that is enough" });
      }
      expect((await pair.client.sayHello({ name: "Ada" })).greeting).toContain("Ada");
      expect(pair.log.records.filter(isViolation)).toEqual([]);
    });

    it(`${what} responses, when the reader leaves`, async () => {
      const pair = await GreeterPair.start({
        implementation: {
          async *sayManyHellos() {
            for (;;) yield { greeting: name };
          },
        },
      });
      for (let round = 0; round < 3; round++) {
        for await (const _ of pair.client.sayManyHellos({ name: "Ada" })) break;
        // Answered behind all that was under way: the connection has borne it.
        expect((await pair.client.sayHello({ name: "Ada" })).greeting).toContain("Ada");
      }
      expect(pair.log.records.filter(isViolation)).toEqual([]);
    });
  }
});

describe("credit", () => {
  it("is given back for requests that are refused for their size", async () => {
    const pair = await GreeterPair.start({ server: { maxMessageBytes: 14_000 } });
    // More than the credit of the connection in all; each fits into one TLS record, so it arrives whole.
    const name = "x".repeat(15_000);
    for (let i = 0; i < 1_200; i++) {
      const error = await failure(pair.client.sayHello({ name }));
      expect(error).toMatchObject({ status: Status.RESOURCE_EXHAUSTED });
    }
  });

  it("is taken by empty messages too: a slow reader stops their writer", async () => {
    let written = 0;
    function* endless() {
      for (;;) {
        written += 1;
        yield { name: "" };
      }
    }
    const { client } = await GreeterPair.start({ implementation: { collectHellos: () => new Promise(() => {}) } });
    const call = failure(client.collectHellos(endless(), { timeoutMs: 2_000 }));
    // Each call takes a turn of both ends, so a writer that is not stopped gets far in the meantime.
    for (let i = 0; i < 300; i++) await client.sayHello({ name: "Ada" });
    expect(written).toBeGreaterThan(100);
    expect(written).toBeLessThan(20_000);
    await call;
  });
});
