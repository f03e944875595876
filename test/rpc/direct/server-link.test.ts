// How a server takes what a client may do with a connection, rightly or wrongly.
import { describe, expect, it } from "vitest";
import {
  cancel,
  data,
  endOfMessages,
  flag,
  goAway,
  hello,
  open,
  ping,
  type,
  window,
} from "../../../scripts/direct-frames.js";
import { violations as codes } from "../../../src/rpc/direct/violation.js";
import { Status } from "../../../src/status.js";
import { signalled } from "../../helpers/collect.js";
import { AttackedServer, methods, request, requestOf, wholeCall } from "../../helpers/direct-attack.js";
import { clientId } from "../../helpers/identities.js";
import type { RawDirectPeer } from "../../helpers/raw-direct-peer.js";

async function statusOf(peer: RawDirectPeer, streamId: number): Promise<number | undefined> {
  for (;;) {
    const ended = await peer.next(type.end);
    if (ended.streamId === streamId) return ended.payload[0];
  }
}

const violations = ({ pair: { log } }: AttackedServer) =>
  log.records.filter(({ event }) => event === "protocol violation");

describe("HELLO of the server", () => {
  it("names the methods that this client may call, each with a fingerprint, and nothing else", async () => {
    const server = await AttackedServer.start();
    const peer = await server.connect();
    const greeting = await peer.greet();
    expect(greeting.methods.map(({ path }) => path).sort()).toEqual(Object.values(methods).sort());
    expect(greeting.methods.every(({ fingerprint }) => fingerprint.length === 8)).toBe(true);
    expect(greeting.connectionId.length).toBe(16);
    for (const [index, { path }] of greeting.methods.entries()) {
      if (path !== methods.sayHello) continue;
      peer.send(open(1, { method: index }), data(1, request("by index"), flag.last));
      expect((await peer.next(type.data)).payload.toString()).toContain("by index");
    }
  });

  it("is the server's first word, not an answer: it comes to a client that says nothing", async () => {
    const server = await AttackedServer.start();
    const peer = await server.connect();
    await peer.next(type.hello);
    peer.send(hello());
    peer.send(wholeCall(1));
    expect(await statusOf(peer, 1)).toBe(Status.OK);
  });
});

describe("OPEN", () => {
  it("may come in one segment with HELLO, the request and others", async () => {
    const server = await AttackedServer.start();
    const peer = await server.connect();
    peer.send(hello(), wholeCall(1), wholeCall(3), wholeCall(5));
    for (const streamId of [1, 3, 5]) expect(await statusOf(peer, streamId)).toBe(Status.OK);
  });

  it("leads nowhere by a path that is not served or not allowed, and says no more than that", async () => {
    const server = await AttackedServer.start();
    const peer = await server.greeted();
    peer.send(open(1, { method: "/hello.v1.GreeterService/NoSuch" }));
    expect(await statusOf(peer, 1)).toBe(Status.UNIMPLEMENTED);
    for (const [streamId, method] of [
      [3, "/hello.v1.GreeterService"],
      [5, "nonsense\n"],
      [7, "/other.v1.Service/SayHello"],
    ] as const) {
      peer.send(open(streamId, { method }));
      expect(await statusOf(peer, streamId)).toBe(Status.PERMISSION_DENIED);
    }
  });

  it("without a timeout gets the server's; with none left it ends at once", async () => {
    const remaining = signalled<number>();
    const server = await AttackedServer.start({
      implementation: {
        sayHello: ({ name }, context) => {
          if (name === "x") remaining.resolve(context.remainingMs());
          return { greeting: name };
        },
      },
      server: { maxTimeoutMs: 30_000 },
    });
    const peer = await server.greeted();
    peer.send(open(1, { method: methods.sayHello, timeoutMs: 0xffff_ffff }), data(1, request(), flag.last));
    expect(await statusOf(peer, 1)).toBe(Status.OK);
    expect(await remaining.promise).toBeGreaterThan(10_000);
    expect(await remaining.promise).toBeLessThanOrEqual(30_000);
    peer.send(open(3, { method: methods.sayHello, timeoutMs: 0 }), data(3, request(), flag.last));
    expect(await statusOf(peer, 3)).toBe(Status.DEADLINE_EXCEEDED);
  });

  it("that was sent long ago has so much less of its time", async () => {
    const remaining = signalled<number>();
    const server = await AttackedServer.start({
      implementation: {
        sayHello: ({ name }, context) => {
          remaining.resolve(context.remainingMs());
          return { greeting: name };
        },
      },
    });
    const peer = await server.greeted();
    const sentAt = () => Date.now() - 31_000;
    peer.send(open(1, { method: methods.sayHello, timeoutMs: 30_000, sentAt: sentAt() }));
    peer.send(data(1, request(), flag.last));
    expect(await statusOf(peer, 1)).toBe(Status.DEADLINE_EXCEEDED);
    peer.send(open(3, { method: methods.sayHello, timeoutMs: 50_000, sentAt: sentAt() }));
    peer.send(data(3, request(), flag.last));
    expect(await statusOf(peer, 3)).toBe(Status.OK);
    expect(await remaining.promise).toBeLessThanOrEqual(19_000);
  });

  it.each([
    ["in 31 seconds", () => Date.now() + 31_000],
    ["at no time", () => Number.NaN],
    ["at the end of time", () => Number.POSITIVE_INFINITY],
  ])("that was sent %s is refused and logged; the connection is good", async (_, sentAt) => {
    const server = await AttackedServer.start();
    const peer = await server.greeted();
    peer.send(open(1, { method: methods.sayHello, sentAt: sentAt() }), data(1, request(), flag.last));
    expect(await statusOf(peer, 1)).toBe(Status.UNAUTHENTICATED);
    expect(await server.pair.log.find(({ code }) => code === "ERR_STALE_CALL")).toMatchObject({ peer: clientId });
    peer.send(wholeCall(3));
    expect(await statusOf(peer, 3)).toBe(Status.OK);
  });
});

it("a client that ends the connection because of us is heard", async () => {
  const server = await AttackedServer.start();
  const peer = await server.greeted();
  peer.send(goAway(0, codes.BAD_STATUS, "you said\n17"));
  const record = await server.pair.log.find(({ event }) => event === "protocol violation reported");
  expect(record).toMatchObject({ level: "warn", violation: "BAD_STATUS", words: "you said?17", peer: clientId });
  expect(violations(server)).toEqual([]);
});

it("a response that is larger than the client takes is not begun", async () => {
  const server = await AttackedServer.start({
    implementation: { sayHello: ({ name }) => ({ greeting: name === "x" ? name.repeat(5_000) : name }) },
  });
  const peer = await server.greeted({ limits: { maxMessageBytes: 5_000 } });
  peer.send(wholeCall(1));
  for (;;) {
    const frame = await peer.frames.next();
    if (frame === "end") throw new Error("the connection has ended");
    expect(frame.type).not.toBe(type.data);
    if (frame.type !== type.end) continue;
    expect(frame.payload[0]).toBe(Status.RESOURCE_EXHAUSTED);
    break;
  }
  await server.expectService();
});

describe("a call that has ended", () => {
  it("may still be talked to: what was under way is no fault", async () => {
    const server = await AttackedServer.start({
      implementation: {
        collectHellos: () => {
          throw new Error("no");
        },
      },
    });
    const peer = await server.greeted();
    peer.send(open(1, { method: methods.collectHellos }));
    expect(await statusOf(peer, 1)).toBe(Status.INTERNAL);
    peer.send(
      data(1, requestOf(500)),
      data(1, requestOf(500), flag.more),
      endOfMessages(1),
      window(1, 5_000),
      cancel(1),
    );
    peer.send(wholeCall(3));
    expect(await statusOf(peer, 3)).toBe(Status.OK);
    expect(violations(server)).toEqual([]);
  });

  it("is over for its handler when the client cancels it", async () => {
    const cancelled = signalled<unknown>();
    const begun = signalled();
    const server = await AttackedServer.start({
      implementation: {
        collectHellos: (_, { signal }) => {
          begun.resolve();
          return new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => {
              cancelled.resolve(signal.reason);
              reject(signal.reason);
            });
          });
        },
      },
    });
    const peer = await server.greeted();
    peer.send(open(1, { method: methods.collectHellos }));
    await begun.promise;
    peer.send(cancel(1));
    expect(await cancelled.promise).toMatchObject({ status: Status.CANCELLED });
  });
});

describe("GOAWAY", () => {
  it("of a server that drains: later calls are not begun, earlier ones end well, then the connection ends", async () => {
    const begun: string[] = [];
    const proceed = signalled();
    const server = await AttackedServer.start({
      implementation: {
        sayHello: async ({ name }) => {
          begun.push(name);
          if (name === "early") await proceed.promise;
          return { greeting: name };
        },
      },
    });
    const peer = await server.greeted();
    peer.send(wholeCall(1, "early"));
    peer.send(ping());
    await peer.next(type.ping);
    const drained = server.pair.server.drain();
    expect((await peer.next(type.goAway)).payload.readUInt32BE(0)).toBe(1);
    peer.send(wholeCall(3, "late"), open(5), cancel(5), window(3, 5_000), endOfMessages(7));
    peer.send(ping());
    await peer.next(type.ping);
    proceed.resolve();
    expect(await statusOf(peer, 1)).toBe(Status.OK);
    await peer.closed;
    await drained;
    expect(begun).toEqual(["bystander", "early"]);
    expect(violations(server)).toEqual([]);
  });

  it("of a client is answered by the server's, and the connection ends after the last call", async () => {
    const server = await AttackedServer.start();
    const peer = await server.greeted();
    peer.send(open(1, { method: methods.sayHello }), goAway(0), data(1, request(), flag.last));
    expect((await peer.next(type.goAway)).payload[4]).toBe(0);
    expect(await statusOf(peer, 1)).toBe(Status.OK);
    await peer.closed;
  });

  it("may be a client's first word", async () => {
    const server = await AttackedServer.start();
    const peer = await server.connect();
    peer.send(goAway(0));
    await peer.closed;
    expect(violations(server)).toEqual([]);
  });
});

describe("PING", () => {
  it("is answered with its own eight bytes", async () => {
    const server = await AttackedServer.start();
    const peer = await server.greeted();
    peer.send(ping("abcdefgh"));
    expect(await peer.next(type.ping)).toMatchObject({
      flags: flag.ack,
      streamId: 0,
      payload: Buffer.from("abcdefgh"),
    });
  });
});
