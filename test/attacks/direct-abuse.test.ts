// An authenticated peer that breaks no rule of the direct protocol by any one frame, but sends them in numbers or does not read:
// what costs us more than it costs the peer is limited, and what is not read does not pile up.
import { describe, expect, it } from "vitest";
import {
  cancel,
  data,
  end,
  endOfMessages,
  flag,
  frame,
  goAway,
  hello,
  open,
  ping,
  type,
  window,
} from "../../scripts/direct-frames.js";
import { RpcError } from "../../src/errors.js";
import { violations } from "../../src/rpc/direct/violation.js";
import { Status } from "../../src/status.js";
import { AttackedClient, AttackedServer, methods, request, response } from "../helpers/direct-attack.js";

const times = (count: number, make: (index: number) => Uint8Array) => Array.from({ length: count }, (_, i) => make(i));
const never = () => new Promise<never>(() => {});
const collectCall = open(1, { method: methods.collectHellos });

describe("TOO_MUCH_NOISE: a client that sends without end", () => {
  const storms: Record<string, Uint8Array[]> = {
    pings: times(10_000, () => ping()),
    "answers to no PING": times(10_000, () => ping("12345678", flag.ack)),
    "calls that it cancels": times(10_000, (i) =>
      Buffer.concat([open(1 + 2 * i, { method: methods.collectHellos }), cancel(1 + 2 * i)]),
    ),
    "cancels of one call": [collectCall, ...times(10_000, () => cancel(1))],
    "single bytes of credit for the connection": times(10_000, () => window(0, 1)),
    "single bytes of credit for a call": [collectCall, ...times(10_000, () => window(1, 1))],
    "credit for a call that has ended": times(10_000, () => window(1, 5_000)),
    "ends of messages for a call that has ended": times(10_000, () => endOfMessages(1)),
  };
  for (const [what, frames] of Object.entries(storms)) {
    it(what, async () => {
      const server = await AttackedServer.start({
        implementation: { collectHellos: never },
        server: { maxConcurrentStreams: 20_000 },
      });
      const peer = await server.greeted();
      if (what.endsWith("has ended")) {
        peer.send(open(1, { method: "/no/such" }));
        await peer.next(type.end);
      }
      peer.send(...frames);
      await server.expectEnd(peer, "TOO_MUCH_NOISE", violations.TOO_MUCH_NOISE);
    });
  }

  it("GOAWAY, which is good once", async () => {
    const server = await AttackedServer.start({ implementation: { collectHellos: never } });
    const peer = await server.greeted();
    peer.send(collectCall, ...times(10_000, () => goAway(0)));
    const codes: number[] = [];
    for (const found of [await peer.next(type.goAway), await peer.next(type.goAway)])
      codes.push(found.payload[4] ?? -1);
    expect(codes).toEqual([0, violations.TOO_MUCH_NOISE]);
    await peer.closed;
    await server.expectService();
  });
});

describe("TOO_MUCH_NOISE: a server that sends without end", () => {
  const storms: Record<string, Uint8Array[]> = {
    pings: times(10_000, () => ping()),
    "credit for a call that has ended": times(10_000, () => window(1, 5_000)),
    "single bytes of credit": times(10_000, () => window(0, 1)),
    "ends of a call that has ended": times(10_000, () => end(1)),
    "headers of a call that has ended": times(10_000, () => frame(type.header, 0, 1)),
    "GOAWAY in good order": times(10_000, () => goAway(99)),
  };
  for (const [what, frames] of Object.entries(storms)) {
    it(what, async () => {
      const client = await AttackedClient.start();
      const call = client.client.sayHello({ name: "x" });
      const other = client.client.chat((async function* () {})());
      const peer = await client.server.greet();
      await peer.next(type.open);
      await peer.next(type.open);
      peer.send(data(1, response()), end(1));
      await call;
      peer.send(...frames);
      await expect(other[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "ERR_PROTOCOL_VIOLATION" });
      await client.expectEnd(peer, "TOO_MUCH_NOISE", violations.TOO_MUCH_NOISE);
    });
  }
});

describe("a client with tiny windows", () => {
  it("gets its messages bit by bit, and others do not notice", async () => {
    const greeting = "x".repeat(60_000);
    const server = await AttackedServer.start({
      implementation: { sayHello: ({ name }) => ({ greeting: name === "x" ? greeting : name }) },
    });
    const peer = await server.greeted({ limits: { streamWindowBytes: 1_024, connectionWindowBytes: 1_024 } });
    peer.send(open(1, { method: methods.sayHello }), data(1, request(), flag.last));
    let received = 0;
    for (;;) {
      const { payload, flags } = await peer.next(type.data);
      expect(payload.length + 64).toBeLessThanOrEqual(1_024);
      received += payload.length;
      if (flags === 0) break;
      peer.send(window(1, 1_024), window(0, 1_024));
    }
    expect(received).toBeGreaterThan(greeting.length);
    await peer.next(type.end);
    await server.expectService();
  });
});

describe("a peer that does not read", () => {
  it("is read no further when it is a client: its calls and their answers do not pile up", async () => {
    let begun = 0;
    const calls = 4_000;
    const server = await AttackedServer.start({
      server: { maxConcurrentStreams: calls },
      implementation: {
        collectHellos: (_, { responseTrailer }) => {
          begun += 1;
          responseTrailer.set("key", "v".repeat(10_000));
          throw new RpcError(Status.ABORTED, "");
        },
      },
    });
    const peer = await server.greeted();
    peer.socket.pause();
    peer.send(...times(calls, (i) => open(1 + 2 * i, { method: methods.collectHellos })));
    const standstill = await settled(() => begun, server);
    // 2 MiB of answers, what the kernel holds, and what was in one segment, up to 64 KiB, when it came to that.
    expect(standstill).toBeGreaterThan(200);
    expect(standstill).toBeLessThan(2_500);
    peer.socket.resume();
    for (let ended = 0; ended < calls; ended++) await peer.next(type.end);
    // Each call had its end; of so many at once a few may have been refused, as load was shed.
    expect(begun).toBeGreaterThan(calls / 2);
  });

  it("gets no more calls when it is a server: they wait", async () => {
    const client = await AttackedClient.start();
    const controller = new AbortController();
    // Metadata that is the same in each call would travel once.
    const options = (n: number) => ({ metadata: { key: String(n).padStart(30_000, "v") }, signal: controller.signal });
    const calls = Array.from({ length: 400 }, (_, n) => client.client.sayHello({ name: "x" }, options(n)));
    const peer = await client.server.accept();
    peer.socket.pause();
    peer.send(hello());
    for (let i = 0; i < 20; i++) await client.expectService();
    // What waits is never sent when it is cancelled.
    controller.abort();
    await Promise.allSettled(calls);
    const last = client.client.sayHello({ name: "last" });
    peer.socket.resume();
    let opened = await peer.next(type.open);
    while (opened.payload.length > 1_000) opened = await peer.next(type.open);
    const sent = (opened.streamId - 1) / 2;
    expect(sent).toBeGreaterThan(20);
    expect(sent).toBeLessThan(200);
    peer.send(data(opened.streamId, response()), end(opened.streamId));
    expect((await last).greeting).toBe("hello");
  });
});

/** What a count comes to when it does not change while others are served. */
async function settled(count: () => number, server: AttackedServer): Promise<number> {
  for (;;) {
    const before = count();
    for (let i = 0; i < 50; i++) await server.expectService();
    if (count() === before && before > 0) return before;
  }
}
