import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { closed, echoed, SecurePair } from "../helpers/secure-pair.js";

// The small brother of `npm run soak:connections`, which looks at memory too.
describe("many connections", () => {
  it("one after the other leave nothing open", async () => {
    const pair = await SecurePair.start();
    await oneConnection(pair);
    const before = openThings();
    for (let i = 0; i < 300; i++) await oneConnection(pair);
    await expect.poll(openThings).toEqual(before);
    expect(pair.listener.connections.size).toBe(0);
  });

  it("at the same time are served, and leave nothing open", async () => {
    const pair = await SecurePair.start({ limits: { maxConnectionsPerPeer: 100 } });
    const before = openThings();
    const connections = await Promise.all(Array.from({ length: 100 }, () => pair.dial()));
    for (const { socket } of connections) await echoed(socket, "ping");
    expect(pair.listener.connections.size).toBe(100);
    for (const { socket } of connections) socket.destroy();
    await expect.poll(openThings).toEqual(before);
    expect(pair.listener.connections.size).toBe(0);
  });
});

async function oneConnection(pair: SecurePair): Promise<void> {
  const connection = await pair.dial();
  const accepted = await pair.accepted.next();
  await echoed(connection.socket, "ping");
  connection.socket.destroy();
  await closed(accepted);
}

function openThings() {
  const pipes = process.getActiveResourcesInfo().filter((resource) => /Pipe.*Wrap|TLS/.test(resource)).length;
  const descriptors = process.platform === "linux" ? readdirSync("/proc/self/fd").length : 0;
  return { pipes, descriptors };
}
