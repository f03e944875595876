import { describe, expect, it } from "vitest";
import { Metadata } from "../../src/rpc/metadata.js";
import { collect, signalled } from "../helpers/collect.js";
import { GreeterPair } from "../helpers/greeter-pair.js";
import { clientId } from "../helpers/identities.js";

describe("the four kinds of method", () => {
  it("answers a unary call, and the handler knows the caller", async () => {
    const { client } = await GreeterPair.start();
    const { greeting } = await client.sayHello({ name: "Ada" });
    expect(greeting).toBe(`Hello, Ada, known to me as ${clientId}`);
  });

  it("streams responses", async () => {
    const { client } = await GreeterPair.start();
    const responses = await collect(client.sayManyHellos({ name: "Ada", count: 3 }));
    expect(responses.map(({ greeting }) => greeting)).toEqual([1, 2, 3].map((i) => `Hello, Ada, for time ${i}`));
  });

  it("streams no responses at all", async () => {
    const { client } = await GreeterPair.start();
    expect(await collect(client.sayManyHellos({ name: "Ada", count: 0 }))).toEqual([]);
  });

  it("collects requests from a list and from an async generator", async () => {
    const { client } = await GreeterPair.start();
    const fromList = await client.collectHellos([{ name: "Ada" }, { name: "Grace" }]);
    expect(fromList).toMatchObject({ greeting: "Hello, Ada and Grace", count: 2 });
    async function* names() {
      yield { name: "Ada" };
      yield { name: "Edsger" };
    }
    expect((await client.collectHellos(names())).greeting).toBe("Hello, Ada and Edsger");
    expect((await client.collectHellos([])).count).toBe(0);
  });

  it("chats: each answer arrives before the next request is made", async () => {
    const { client } = await GreeterPair.start();
    let answered = signalled();
    async function* names() {
      for (const name of ["Ada", "Grace", "Edsger"]) {
        answered = signalled();
        yield { name };
        await answered.promise;
      }
    }
    const greetings: string[] = [];
    for await (const { greeting } of client.chat(names())) {
      greetings.push(greeting);
      answered.resolve();
    }
    expect(greetings).toEqual(["Hello, Ada", "Hello, Grace", "Hello, Edsger"]);
  });

  it("keeps many calls apart", async () => {
    const { client } = await GreeterPair.start();
    const names = Array.from({ length: 200 }, (_, i) => `n${i}`);
    const answers = await Promise.all(names.map((name) => client.sayHello({ name })));
    expect(answers.map(({ greeting }) => greeting.split(",")[1]?.trim())).toEqual(names);
  });
});

describe("metadata", () => {
  it("travels with the request, the header and the trailer, as text and as bytes", async () => {
    const bytes = Uint8Array.from([0, 1, 254, 255]);
    const { client } = await GreeterPair.start({
      implementation: {
        sayHello: (_, { requestMetadata, responseHeader, responseTrailer }) => {
          responseHeader.set("x-echo", requestMetadata.get("x-text") ?? "");
          responseHeader.set("x-echo-bin", requestMetadata.get("x-raw-bin") ?? new Uint8Array());
          responseTrailer.append("x-all", "one").append("x-all", "two");
          return { greeting: requestMetadata.getAll("x-many").join("+") };
        },
      },
    });
    let header: Metadata | undefined;
    let trailer: Metadata | undefined;
    const metadata = Metadata.from({ "x-text": "plain", "x-raw-bin": bytes })
      .append("x-many", "a")
      .append("x-many", "b");
    const { greeting } = await client.sayHello(
      { name: "Ada" },
      { metadata, onHeader: (received) => (header = received), onTrailer: (received) => (trailer = received) },
    );
    expect(greeting).toMatch(/^a(\+|, ?)b$/);
    expect(header?.get("x-echo")).toBe("plain");
    expect(Buffer.from(header?.get("x-echo-bin") ?? [])).toEqual(Buffer.from(bytes));
    expect(trailer?.getAll("x-all").join()).toMatch(/^one, ?two$/);
  });

  it("sends the header before the first message when the handler asks for it", async () => {
    const proceed = signalled();
    const { client } = await GreeterPair.start({
      implementation: {
        async *sayManyHellos(_, context) {
          context.responseHeader.set("x-early", "yes");
          context.sendHeader();
          await proceed.promise;
          yield { greeting: "late" };
        },
      },
    });
    const responses = client.sayManyHellos(
      { name: "Ada" },
      {
        onHeader: (header) => {
          expect(header.get("x-early")).toBe("yes");
          proceed.resolve();
        },
      },
    );
    expect((await collect(responses)).map(({ greeting }) => greeting)).toEqual(["late"]);
  });
});
