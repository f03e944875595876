// What a client makes of a server that answers the question about its schema in whatever way, or does not.
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { data, end, goAway, type } from "../../../scripts/direct-frames.js";
import { GreeterService } from "../../../src/gen/hello/v1/greeter_pb.js";
import {
  DescribeMethodRequestSchema,
  type DescribeMethodResponse,
  DescribeMethodResponseSchema,
} from "../../../src/gen/pinwire/direct/v1/schema_pb.js";
import { incompatibilities } from "../../../src/rpc/schema/incompatibilities.js";
import { methodShape } from "../../../src/rpc/schema/method-shape.js";
import { Status } from "../../../src/status.js";
import { failure } from "../../helpers/collect.js";
import { AttackedClient, methods, response } from "../../helpers/direct-attack.js";

const sayHello = methodShape(GreeterService.method.sayHello);
const otherFingerprint = { methods: [{ path: methods.sayHello, fingerprint: Buffer.alloc(8) }] };
const shape = (init: MessageInitShape<typeof DescribeMethodResponseSchema>) =>
  toBinary(DescribeMethodResponseSchema, create(DescribeMethodResponseSchema, init));

/** A client whose first call has made it ask about SayHello on stream 1. */
async function asking() {
  const { client, server } = await AttackedClient.start();
  const call = client.sayHello({ name: "x" });
  call.catch(() => {});
  const peer = await server.greet(otherFingerprint);
  const question = await peer.next(type.open);
  expect(question.payload.toString("latin1")).toContain("/pinwire.direct.v1.SchemaService/DescribeMethod");
  const asked = await peer.next(type.data);
  expect(fromBinary(DescribeMethodRequestSchema, asked.payload).path).toBe(methods.sayHello);
  const serveNext = async (streamId: number) => {
    const { payload } = await peer.next(type.data);
    expect(payload.toString("latin1")).toContain("x");
    peer.send(data(streamId, response()), end(streamId));
  };
  return { client, server, peer, call, serveNext };
}

describe("a client that asks what the server's messages look like", () => {
  it.each([
    ["that it does not know the service", end(1, Status.UNIMPLEMENTED)],
    ["that the method is not for this client", end(1, Status.NOT_FOUND)],
    ["that it has too much to do", end(1, Status.RESOURCE_EXHAUSTED)],
    ["with nothing", end(1)],
    ["with what is no message", Buffer.concat([data(1, "\xff\xff"), end(1)])],
    ["with what fits", Buffer.concat([data(1, toBinary(DescribeMethodResponseSchema, sayHello)), end(1)])],
  ])("goes on when it is answered %s, and does not ask again", async (_, answer) => {
    const { client, peer, call, serveNext } = await asking();
    peer.send(answer);
    await serveNext(3);
    expect((await call).greeting).toBe("hello");
    const second = client.sayHello({ name: "x" });
    await serveNext(5);
    expect((await second).greeting).toBe("hello");
  });

  it("fails with the server when it cannot answer, and asks again for the next call", async () => {
    const { client, peer, call, serveNext } = await asking();
    peer.send(end(1, Status.UNAVAILABLE));
    expect(await failure(call)).toMatchObject({ status: Status.UNAVAILABLE });
    const second = client.sayHello({ name: "x" });
    const { payload } = await peer.next(type.open);
    expect(payload.toString("latin1")).toContain("DescribeMethod");
    await peer.next(type.data);
    peer.send(end(3, Status.UNIMPLEMENTED));
    await serveNext(5);
    expect((await second).greeting).toBe("hello");
  });

  it("asks the next server when this one leaves before it has answered", async () => {
    const { server, peer, call } = await asking();
    peer.send(goAway(0));
    const next = await server.greet({ methods: [] });
    const { payload } = await next.next(type.open);
    // The question was never begun; the answer is about that server, and this one names no method that could be compared.
    expect(payload.toString("latin1")).toContain("DescribeMethod");
    await next.next(type.data);
    next.send(end(1, Status.UNIMPLEMENTED));
    await next.next(type.data);
    next.send(data(3, response()), end(3));
    expect((await call).greeting).toBe("hello");
  });

  it("shows of the server's names only what is harmless, and not much of it", async () => {
    const { peer, call } = await asking();
    const name = `evil\n\u001b[31m${"x".repeat(10_000)}`;
    peer.send(data(1, shape({ ...sayHello, input: name, messages: [] })), end(1));
    const { rawMessage, code } = await failure(call);
    expect(code).toBe("ERR_SCHEMA_DRIFT");
    expect(rawMessage).toMatch(/^[\x20-\x7e]{1,500}$/);
    expect(rawMessage).toContain("request changed message type (hello.v1.SayHelloRequest here, evil???31mxxx");
  });

  it("waits no longer than its call may take", async () => {
    const { client, server } = await AttackedClient.start();
    const call = failure(client.sayHello({ name: "x" }, { timeoutMs: 200 }));
    const peer = await server.greet(otherFingerprint);
    await peer.next(type.open);
    expect(await call).toMatchObject({ status: Status.DEADLINE_EXCEEDED });
  });
});

const seed = Number(process.env.PINWIRE_SEED ?? Date.now() % 2 ** 31);

it(`no shape that a server may send makes the comparison throw (PINWIRE_SEED=${seed})`, () => {
  const name = fc.constantFrom("hello.v1.SayHelloRequest", "hello.v1.SayHelloResponse", "a.B", "");
  const field = fc.record({
    number: fc.nat(4),
    name: fc.string(),
    type: fc.nat(20),
    typeName: name,
    repeated: fc.boolean(),
    required: fc.boolean(),
    map: fc.boolean(),
  });
  const shapes = fc.record({
    clientStreaming: fc.constant(false),
    serverStreaming: fc.constant(false),
    input: name,
    output: name,
    messages: fc.array(fc.record({ name, fields: fc.array(field, { maxLength: 6 }) }), { maxLength: 6 }),
  });
  const made = (init: unknown) => create(DescribeMethodResponseSchema, init as DescribeMethodResponse);
  fc.assert(
    fc.property(shapes, shapes, (ours, theirs) => {
      for (const text of incompatibilities(made(ours), made(theirs))) expect(text).toMatch(/^[\x20-\x7e]+$/);
      expect(Array.isArray(incompatibilities(sayHello, made(theirs)))).toBe(true);
    }),
    { seed, numRuns: 500 },
  );
});
