import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import { clientHello } from "../helpers/client-hello.js";
import { SecurePair, socketClosed } from "../helpers/secure-pair.js";

// Bare grpc-js and node:tls keep a silent handshake for 120 seconds, and a dripping one for ever. The tests shorten the
// five seconds of the default, and give four places for handshakes, so that each one that is held in vain would show.
describe("REL-11: peers that are silent or drip before TLS is done", () => {
  it.each([
    ["500 silent ones", undefined],
    ["500 that drip a real hello", (hello: Buffer) => hello],
    [
      "500 that drip a hello without end",
      () => Buffer.concat([Buffer.from("16030140ff", "hex"), Buffer.alloc(1_000, 1)]),
    ],
  ])("%s are closed, and a good client is served meanwhile", async (_, bytes) => {
    const pair = await SecurePair.start({ limits: { handshakeTimeoutMs: 1_500, maxHandshakes: 4 } });
    const content = bytes?.(await clientHello());
    const visitors = await Promise.all(Array.from({ length: 500 }, () => visitor(pair)));
    if (content !== undefined) drip(visitors, content);
    for (let i = 0; i < 5; i++) await pair.expectService();
    expect(visitors.filter((socket) => socket.destroyed)).toEqual([]);
    await Promise.all(visitors.map(socketClosed));
    expect((await pair.refused.next()).reason).toMatchObject({
      code: "ERR_HANDSHAKE_TIMEOUT",
      message: "the peer did not finish the handshake within 1500 ms",
    });
    await pair.expectService();
    await pair.listener.close();
    expect(reported(pair, "ERR_HANDSHAKE_TIMEOUT")).toBe(500);
  });

  it("those that say hello and stop keep others out only for a while", async () => {
    const pair = await SecurePair.start({ limits: { handshakeTimeoutMs: 4_000, maxHandshakes: 2 } });
    const hello = await clientHello();
    const visitors = await Promise.all(Array.from({ length: 4 }, () => visitor(pair)));
    for (const socket of visitors) socket.write(hello);
    // Two have the places and two wait for one, all before the good client.
    await pair.expectService();
    expect(visitors.filter((socket) => socket.destroyed)).toEqual([]);
    await Promise.all(visitors.map(socketClosed));
    await pair.listener.close();
    expect(reported(pair, "ERR_HANDSHAKE_TIMEOUT")).toBe(4);
  });

  it("those that never get a place are closed when their time is up, without a handshake in vain", async () => {
    const pair = await SecurePair.start({ limits: { handshakeTimeoutMs: 1_000, maxHandshakes: 1 } });
    const hello = await clientHello();
    const visitors = await Promise.all(Array.from({ length: 20 }, () => visitor(pair)));
    let answered = 0;
    for (const socket of visitors) {
      socket.once("data", () => answered++);
      socket.write(hello);
    }
    await Promise.all(visitors.map(socketClosed));
    await pair.expectService();
    await pair.listener.close();
    expect(answered).toBeGreaterThan(0);
    expect(answered).toBeLessThan(10);
    expect(reported(pair, "ERR_HANDSHAKE_TIMEOUT")).toBe(20);
  });
});

async function visitor(pair: SecurePair) {
  const socket = pair.rawSocket();
  await once(socket, "connect");
  return socket.resume();
}

/** A byte at a time to each, for as long as the test runs. */
function drip(sockets: Awaited<ReturnType<typeof visitor>>[], content: Buffer): void {
  let position = 0;
  const timer = setInterval(() => {
    for (const socket of sockets) if (socket.writable) socket.write(content.subarray(position, position + 1));
    position++;
  }, 100);
  onTestFinished(() => clearInterval(timer));
}

/** How many refusals of a kind there were, alone and in summaries. */
function reported(pair: SecurePair, code: string): number {
  const summary = new RegExp(`(\\d+) ${code}`);
  return pair.refused.all
    .filter(({ reason }) => reason.code === code)
    .reduce((sum, { reason }) => sum + Number(summary.exec(reason.message)?.[1] ?? 1), 0);
}
