// Whatever user code puts into metadata, the call has an end that says why, and the process lives.
import { describe, expect, it } from "vitest";
import { RpcError, UsageError } from "../../src/errors.js";
import { Metadata } from "../../src/rpc/metadata.js";
import { Status } from "../../src/status.js";
import { failure } from "../helpers/collect.js";
import { type Greeter, GreeterPair, testTransport } from "../helpers/greeter-pair.js";
import { thrown } from "../helpers/thrown.js";

describe("keys that belong to gRPC or HTTP/2", () => {
  const reserved = [
    ...["grpc-timeout", ":path", "te", "content-type", "content-length", "user-agent", "date", "trailer", "__proto__"],
    ...["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "http2-settings", "Connection"],
  ];
  for (const key of reserved) {
    it(`${key} cannot be set, and is dropped when a peer sends it`, () => {
      const error = thrown(UsageError, () => new Metadata().set(key, "1"));
      expect(error.code).toBe("ERR_INVALID_METADATA");
      const metadata = new Metadata();
      metadata.receive(key.toLowerCase(), "1");
      expect(metadata.size).toBe(0);
    });
  }

  it("do not show what the other side's stack added by itself", async () => {
    let keys: string[] = [];
    const { client } = await GreeterPair.start({
      implementation: {
        sayHello: (_, { requestMetadata, responseHeader }) => {
          keys = [...requestMetadata].map(([key]) => key);
          responseHeader.set("x-header", "1");
          return { greeting: "" };
        },
      },
    });
    let header: Metadata | undefined;
    await client.sayHello(
      { name: "x" },
      { metadata: { "x-request": "1" }, onHeader: (received) => (header = received) },
    );
    expect(keys).toEqual(["x-request"]);
    expect([...(header ?? [])]).toEqual([["x-header", "1"]]);
  });
});

describe("texts", () => {
  it("lose the spaces around them when they are set", () => {
    const metadata = new Metadata().append("x-text", "  two words ").append("x-blank", " ");
    expect([...metadata]).toEqual([
      ["x-text", "two words"],
      ["x-blank", ""],
    ]);
  });

  it("travel more than once even where HTTP knows only one value", async () => {
    const twice = () => new Metadata().append("retry-after", "5").append("retry-after", "6");
    const seen: string[] = [];
    const see = (received: Metadata) => void seen.push(received.getAll("retry-after").join());
    const { client } = await GreeterPair.start({
      implementation: {
        sayHello: (_, { requestMetadata, responseHeader, responseTrailer }) => {
          see(requestMetadata);
          responseHeader.merge(twice());
          responseTrailer.merge(twice());
          return { greeting: "" };
        },
      },
    });
    await client.sayHello({ name: "x" }, { metadata: twice(), onHeader: see, onTrailer: see });
    expect(seen).toEqual(["5,6", "5,6", "5,6"]);
  });
});

/** More than the direct transport carries. That of HTTP/2 is bounded by node:http2, which says nothing of it. */
describe.skipIf(testTransport === "h2")("metadata over the limit", () => {
  const large = "x".repeat(40_000);
  const tooLarge = (what: string) => ({ status: Status.RESOURCE_EXHAUSTED, rawMessage: expect.stringContaining(what) });

  it("of the first request, which waits for the connection, and of a later one", async () => {
    const { client } = await GreeterPair.start();
    const metadata = { "x-large": large };
    for (let i = 0; i < 2; i++) {
      expect(await failure(client.sayHello({ name: "x" }, { metadata }))).toMatchObject(tooLarge("request metadata"));
    }
    expect((await client.sayHello({ name: "Ada" })).greeting).toContain("Ada");
  });

  const withHeader: Record<string, Partial<Greeter>["sayManyHellos"]> = {
    async *"without any message"(_, { responseHeader }) {
      responseHeader.set("x-large", large);
      yield* [];
    },
    async *"with a message"(_, { responseHeader }) {
      responseHeader.set("x-large", large);
      yield { greeting: "" };
    },
    async *"sent early"(_, context) {
      context.responseHeader.set("x-large", large);
      context.sendHeader();
      yield { greeting: "" };
    },
  };
  for (const [what, sayManyHellos] of Object.entries(withHeader)) {
    it(`of a response header, ${what}`, async () => {
      const { client } = await GreeterPair.start({ implementation: sayManyHellos ? { sayManyHellos } : {} });
      expect(await failure(client.sayManyHellos({ name: "x" }))).toMatchObject(tooLarge("response header"));
    });
  }

  it("of a response header of a call that fails, which stays the reason", async () => {
    const { client } = await GreeterPair.start({
      implementation: {
        sayHello: (_, { responseHeader }) => {
          responseHeader.set("x-large", large);
          throw new RpcError(Status.NOT_FOUND, "nobody of that name");
        },
      },
    });
    const error = await failure(client.sayHello({ name: "x" }));
    expect(error).toMatchObject({ status: Status.NOT_FOUND, rawMessage: "nobody of that name" });
  });

  it("of a response trailer", async () => {
    const { client } = await GreeterPair.start({
      implementation: {
        sayHello: (_, { responseTrailer }) => {
          responseTrailer.set("x-large", large);
          return { greeting: "" };
        },
      },
    });
    expect(await failure(client.sayHello({ name: "x" }))).toMatchObject(tooLarge("response trailer"));
  });
});

describe("a clone of metadata", () => {
  it("holds what there was, whichever of the two is changed then", () => {
    const original = Metadata.from({ "x-kept": "1", "x-changed": "old" });
    const clone = original.clone();
    original.set("x-changed", "new").append("x-kept", "2").delete("x-none");
    expect([...clone]).toEqual([
      ["x-kept", "1"],
      ["x-changed", "old"],
    ]);
    const second = original.clone();
    second.append("x-kept", "3").delete("x-changed");
    expect(original.getAll("x-kept")).toEqual(["1", "2"]);
    expect(original.get("x-changed")).toBe("new");
    expect(second.getAll("x-kept")).toEqual(["1", "2", "3"]);
  });
});
