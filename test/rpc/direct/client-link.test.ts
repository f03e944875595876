// How a client takes what a server may do with a connection, rightly or wrongly.
import { describe, expect, it } from "vitest";
import { data, end, flag, frame, goAway, hello, type, window } from "../../../scripts/direct-frames.js";
import { GreeterService } from "../../../src/gen/hello/v1/greeter_pb.js";
import { schemaFingerprint } from "../../../src/rpc/direct/schema-fingerprint.js";
import { violations } from "../../../src/rpc/direct/violation.js";
import { Status } from "../../../src/status.js";
import { collect, failure } from "../../helpers/collect.js";
import { AttackedClient, methods, requestOf, response, serve } from "../../helpers/direct-attack.js";
import { serverId } from "../../helpers/identities.js";

const fingerprint = schemaFingerprint(GreeterService.method.sayHello);

describe("HELLO of the server", () => {
  it("says which methods are opened by their index; others are by their path", async () => {
    const { client, server } = await AttackedClient.start();
    const calls = [client.sayHello({ name: "x" }), failure(client.collectHellos([]))];
    const peer = await server.greet({
      methods: [
        { path: "/a.B/C", fingerprint },
        { path: methods.sayHello, fingerprint },
      ],
    });
    const first = await peer.next(type.open);
    expect(first.flags).toBe(0);
    expect(first.payload.readUInt16BE(0)).toBe(1);
    expect(first.payload.length).toBe(18);
    const second = await peer.next(type.open);
    expect(second.flags).toBe(flag.byPath);
    expect(second.payload.toString("latin1", 18)).toBe(methods.collectHellos);
    peer.send(data(1, response()), end(1), end(3, Status.NOT_FOUND));
    await Promise.all(calls);
  });

  it("may hold what a later version adds to it", async () => {
    const { client, server } = await AttackedClient.start();
    const call = client.sayHello({ name: "x" });
    const peer = await server.accept();
    // Field 99, a string.
    const later = Buffer.concat([hello().subarray(10), Buffer.from("9a0605", "hex"), Buffer.from("later")]);
    peer.send(frame(type.hello, 0, 0, later));
    await serve(peer);
    expect((await call).greeting).toBe("hello");
  });

  it("is not waited for when the channel is closed", async () => {
    const { client, server } = await AttackedClient.start();
    const call = failure(client.sayHello({ name: "x" }));
    const peer = await server.accept();
    peer.send(hello().subarray(0, 20));
    await peer.next(type.hello);
    await client.close();
    await peer.closed;
    expect(await call).toMatchObject({ code: "ERR_CHANNEL_CLOSED" });
  });
});

describe("GOAWAY of the server", () => {
  it("in good order lets calls end on the connection; new ones go to the next", async () => {
    const { client, server } = await AttackedClient.start();
    const first = client.sayHello({ name: "x" });
    const peer = await server.greet();
    await peer.next(type.data);
    peer.send(goAway(1));
    peer.send(data(1, response("old")), end(1));
    expect((await first).greeting).toBe("old");
    await peer.closed;
    const second = client.sayHello({ name: "x" });
    await serve(await server.greet());
    expect((await second).greeting).toBe("hello");
  });

  it("lets a call begin anew once, not for ever", async () => {
    const { client, server, log } = await AttackedClient.start();
    const call = failure(client.sayHello({ name: "x" }));
    for (let i = 0; i < 2; i++) {
      const peer = await server.greet();
      await peer.next(type.data);
      peer.send(goAway(0));
      await peer.closed;
    }
    expect(await call).toMatchObject({
      status: Status.UNAVAILABLE,
      code: "ERR_SHUTTING_DOWN",
      message: "UNAVAILABLE: twice a server has left before it began the call",
    });
    expect(server.connections.all).toHaveLength(2);
    expect(log.ofCalls.filter(({ event }) => event !== "call")).toEqual([]);
  });

  it.each([
    ["a header", frame(type.header, 0, 1)],
    ["a message", data(1, response())],
    ["credit", window(1, 5_000)],
  ])("cannot take back that a call was begun, after %s", async (_, answer) => {
    const attacked = await AttackedClient.start();
    const call = failure(attacked.client.sayHello({ name: "x" }));
    const peer = await attacked.server.greet();
    await peer.next(type.data);
    peer.send(answer, goAway(0));
    expect(await call).toMatchObject({ code: "ERR_PROTOCOL_VIOLATION" });
    await attacked.expectEnd(peer, "BAD_STREAM_ID", violations.BAD_STREAM_ID);
  });

  it.each([
    [254, "ERR_REFUSED_BY_PEER", Status.UNAUTHENTICATED, "pinwire: connection refused, reference 12ab"],
    [255, "ERR_TOO_MANY_CONNECTIONS", Status.RESOURCE_EXHAUSTED, "pinwire: connection refused, reference 12ab"],
    [
      violations.BAD_HELLO,
      "ERR_CONNECTION_LOST",
      Status.UNAVAILABLE,
      "the server ended the connection: BAD_HELLO, pinwire: connection refused, reference 12ab",
    ],
    [
      200,
      "ERR_CONNECTION_LOST",
      Status.UNAVAILABLE,
      "the server ended the connection: code 200, pinwire: connection refused, reference 12ab",
    ],
  ])("with code %i ends the calls with %s", async (code, errorCode, status, rawMessage) => {
    const { client, server } = await AttackedClient.start();
    const call = failure(client.sayHello({ name: "x" }));
    const peer = await server.greet();
    await peer.next(type.data);
    peer.send(goAway(0, code, "pinwire: connection refused, reference 12ab"));
    peer.socket.end();
    expect(await call).toMatchObject({ code: errorCode, status, rawMessage });
  });

  it("is repeated in one line of 200 characters at most", async () => {
    const { client, server } = await AttackedClient.start();
    const call = failure(client.sayHello({ name: "x" }));
    const peer = await server.greet();
    peer.send(goAway(0, violations.BAD_PAYLOAD, `two\nlines\u0007 ${"x".repeat(10_000)}`));
    peer.socket.end();
    const { rawMessage } = await call;
    expect(rawMessage).toMatch(/^the server ended the connection: BAD_PAYLOAD, two\?lines\? x{189}$/);
  });
});

it("a server that ends the connection because of us is heard", async () => {
  const { client, server, log } = await AttackedClient.start();
  const call = failure(client.sayHello({ name: "x" }));
  const peer = await server.greet();
  peer.send(goAway(0, violations.BAD_METHOD, "no\tsuch method"));
  peer.socket.end();
  await call;
  const records = log.records.filter(({ event }) => event === "protocol violation reported");
  expect(records).toMatchObject([{ level: "warn", violation: "BAD_METHOD", words: "no?such method", peer: serverId }]);
});

it("a request that is larger than the server takes is not sent; the connection is good", async () => {
  const { client, server } = await AttackedClient.start();
  const call = failure(client.sayHello({ name: "x".repeat(1_000) }));
  const peer = await server.greet({ limits: { maxMessageBytes: 1_000 } });
  expect(await call).toMatchObject({
    status: Status.RESOURCE_EXHAUSTED,
    code: "ERR_MESSAGE_TOO_LARGE",
    rawMessage: "the request has 1003 bytes, the other side takes 1000 (maxMessageBytes)",
  });
  const next = client.sayHello({ name: "x".repeat(997) });
  const seen: number[] = [];
  while (seen.at(-1) !== type.data) seen.push(((await peer.frames.next()) as { type: number }).type);
  expect(seen.slice(-4)).toEqual([type.open, type.cancel, type.open, type.data]);
  peer.send(data(3, response()), end(3));
  expect((await next).greeting).toBe("hello");
});

describe("the end of a connection", () => {
  it("leaves alone what has arrived whole, though nobody has read it", async () => {
    const { client, server } = await AttackedClient.start();
    const responses = client.sayManyHellos({ name: "x" })[Symbol.asyncIterator]();
    const first = responses.next();
    const peer = await server.greet();
    await peer.next(type.data);
    const messages = ["1", "2", "3"].map((text) => data(1, response(text)));
    peer.send(...messages, end(1));
    expect((await first).value?.greeting).toBe("1");
    peer.socket.end();
    await peer.closed;
    const rest = await collect({ [Symbol.asyncIterator]: () => responses });
    expect(rest.map(({ greeting }) => greeting)).toEqual(["2", "3"]);
  });

  it("sends the calls that waited for room to the next", async () => {
    const { client, server } = await AttackedClient.start();
    const first = failure(client.sayHello({ name: "x" }));
    const second = client.sayHello({ name: "x" });
    const peer = await server.greet({ limits: { maxStreams: 1 } });
    await peer.next(type.data);
    peer.socket.destroy();
    expect(await first).toMatchObject({ code: "ERR_CONNECTION_LOST" });
    await serve(await server.greet());
    expect((await second).greeting).toBe("hello");
  });
});

describe("a call that was cancelled", () => {
  it("may still be answered, in full", async () => {
    const { client, server, log } = await AttackedClient.start();
    const responses = client.sayManyHellos({ name: "x" })[Symbol.asyncIterator]();
    const first = responses.next();
    const peer = await server.greet();
    await peer.next(type.data);
    peer.send(data(1, response()));
    await first;
    await responses.return?.();
    await peer.next(type.cancel);
    const credit = 1024 * 1024 - response().length - 64;
    const large = requestOf(64 * 1024 - 64);
    peer.send(
      frame(type.header, 0, 1),
      window(1, 5_000),
      ...Array.from({ length: Math.floor(credit / (64 * 1024)) }, () => data(1, large)),
      end(1),
    );
    const other = client.sayHello({ name: "x" });
    await serve(peer);
    expect((await other).greeting).toBe("hello");
    expect(log.ofCalls.filter(({ event }) => event !== "call")).toEqual([]);
  });

  it("is paid for: what came for it is credited again", async () => {
    const { client, server } = await AttackedClient.start();
    const connected = client.sayHello({ name: "x" });
    const peer = await server.greet();
    await serve(peer);
    await connected;
    // Twice the credit of the connection, each time a megabyte for a call that has gone.
    for (let streamId = 3; streamId < 3 + 4 * 32; streamId += 4) {
      const controller = new AbortController();
      const cancelled = failure(client.collectHellos(nothing(), { signal: controller.signal }));
      await peer.next(type.open);
      controller.abort();
      await cancelled;
      await peer.next(type.cancel);
      peer.send(...Array.from({ length: 16 }, () => data(streamId, Buffer.alloc(64 * 1024 - 64))));
      const call = client.sayHello({ name: "x" });
      await serve(peer);
      expect((await call).greeting).toBe("hello");
    }
  });
});

async function* nothing() {}
