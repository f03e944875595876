import { describe, expect, it } from "vitest";
import { RpcError } from "../../src/errors.js";
import { Status } from "../../src/status.js";
import { failure } from "../helpers/collect.js";
import { type Greeter, GreeterPair } from "../helpers/greeter-pair.js";

/** The call fails as it should, and the next one on its connection is served. */
async function endOf(sayHello: Greeter["sayHello"]): Promise<RpcError> {
  const { client } = await GreeterPair.start({ implementation: { sayHello } });
  const error = await failure(client.sayHello({ name: "x" }));
  expect((await client.collectHellos([{ name: "x" }])).count).toBe(1);
  return error;
}

// A header block over 64 KiB node:http2 does not send, and then nothing any more.
describe("a handler that says more than its caller can receive", () => {
  const large = "v".repeat(200_000);

  it("fails with a header that is too large", async () => {
    const error = await endOf((_, { responseHeader }) => {
      responseHeader.set("x-a", large);
      return { greeting: "x" };
    });
    expect(error).toMatchObject({
      status: Status.RESOURCE_EXHAUSTED,
      rawMessage: "the response header is larger than the other side accepts",
    });
  });

  it("fails with a trailer that is too large, after a success and after a failure", async () => {
    for (const fails of [false, true]) {
      const error = await endOf((_, { responseTrailer }) => {
        responseTrailer.set("x-a", large);
        if (fails) throw new RpcError(Status.ABORTED, "no");
        return { greeting: "x" };
      });
      expect(error).toMatchObject({
        status: Status.RESOURCE_EXHAUSTED,
        rawMessage: "the response trailer is too large",
      });
    }
  });

  it("is heard with a text that is cut between characters", async () => {
    for (const [letter, length] of [
      ["m", 4_096],
      ["ü", 2_048],
      ["€", 1_365],
    ] as const) {
      const error = await endOf(() => {
        throw new RpcError(Status.ABORTED, letter.repeat(70_000));
      });
      expect(error).toMatchObject({ status: Status.ABORTED, rawMessage: letter.repeat(length) });
    }
  });
});

describe("a caller that says more than can be sent", () => {
  it("hears so from its own side, and can go on", async () => {
    const { client } = await GreeterPair.start();
    const error = await failure(client.sayHello({ name: "x" }, { metadata: { "x-a": "v".repeat(200_000) } }));
    expect(error).toMatchObject({
      status: Status.RESOURCE_EXHAUSTED,
      rawMessage: "the request metadata is larger than the other side accepts",
    });
    expect((await client.sayHello({ name: "x" })).greeting).toMatch(/^Hello, x/);
  });
});
