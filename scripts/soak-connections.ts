// Why: a leak of a timer, a descriptor or a listener per connection shows only after thousands of them. A server in a
// process of its own gets 1,000 handshakes at once, 1,000 idle connections, 10,000 connections one after the other, and
// 2,000 refused ones; its memory and descriptors are compared before and after. It would miss a leak of less than 200
// bytes per connection, and whatever only hours bring out.
import { fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makePlaces } from "../bench/make-places.js";
import type { Place } from "../bench/place.js";
import { loadCredentials } from "../src/credentials/load-credentials.js";
import { defaults } from "../src/defaults.js";
import { SpiffeId } from "../src/identity/spiffe-id.js";
import { parseAddress } from "../src/transport/address.js";
import type { SecureConnection } from "../src/transport/secure-connection.js";
import { dial } from "../src/transport/secure-dialer.js";
import { createSecureListener } from "../src/transport/secure-listener.js";

interface Resources {
  readonly rssMiB: number;
  readonly heapMiB: number;
  readonly descriptors: number;
  readonly connections: number;
}

const place = process.argv[2];
if (place === undefined) await measure();
else await serve(JSON.parse(place));

async function serve({ server, socketPath }: Place): Promise<void> {
  const listener = createSecureListener({
    credentials: await loadCredentials(server.directory, { watch: false }),
    protocols: ["h2"],
    limits: { ...defaults, maxConnections: 4_000, maxConnectionsPerPeer: 4_000 },
    onConnection: ({ socket }) => {
      socket.write(Buffer.from("000000040000000000", "hex"));
      socket.on("data", (bytes) => socket.write(bytes));
    },
    onRefused: () => {},
  });
  await listener.listen(parseAddress(`unix:${socketPath}`));
  process.on("message", () => {
    globalThis.gc?.();
    const { rss, heapUsed } = process.memoryUsage();
    const descriptors = readdirSync("/proc/self/fd").length;
    const connections = listener.connections.size;
    process.send?.({
      rssMiB: rss / 2 ** 20,
      heapMiB: heapUsed / 2 ** 20,
      descriptors,
      connections,
    } satisfies Resources);
  });
  process.on("disconnect", () => void listener.close());
  process.send?.("listening");
}

async function measure(): Promise<void> {
  await using places = await makePlaces();
  const given = places.next();
  const at = { ...given, socketPath: join(given.socketPath, "..", "run", "soak.sock") };
  const server = fork(fileURLToPath(import.meta.url), [JSON.stringify(at)], { execArgv: ["--expose-gc"] });
  await once(server, "message");
  const resources = async (): Promise<Resources> => {
    server.send("resources");
    return (await once(server, "message"))[0];
  };
  const settled = async (): Promise<Resources> => {
    for (;;) {
      const now = await resources();
      if (now.connections === 0) return now;
    }
  };
  const credentials = await loadCredentials(at.client.directory, { watch: false });
  const address = parseAddress(`unix:${at.socketPath}`);
  const expected = SpiffeId.parse(at.server.id);
  const open = (handshakeTimeoutMs = 10_000) =>
    dial({ address, credentials, expected, protocols: ["h2"], handshakeTimeoutMs });

  const steady = await open();
  const beginning = performance.now();
  let longestEchoMs = 0;
  const opening = Promise.all(Array.from({ length: 1_000 }, () => open()));
  let opened = false;
  void opening.then(() => {
    opened = true;
  });
  while (!opened) longestEchoMs = Math.max(longestEchoMs, await echo(steady));
  const idle = await opening;
  const burstMs = performance.now() - beginning;
  report(
    "1,000 handshakes at once",
    `${burstMs.toFixed(0)} ms; longest echo beside them ${longestEchoMs.toFixed(0)} ms`,
  );

  const full = await resources();
  report("1,000 idle connections", show(full));
  for (const { socket } of [...idle, steady]) socket.destroy();
  report("all of them closed", show(await settled()));

  await sequentially(2_000, open);
  const warm = await settled();
  report("after 2,000 more, one by one", show(warm));
  await sequentially(10_000, open);
  const connected = await settled();
  report("after 10,000 more", show(connected));
  await sequentially(2_000, () => refusedVisit(at.socketPath));
  const after = await settled();
  report("after 2,000 that spoke no TLS", show(after));

  server.disconnect();
  const [code] = await once(server, "exit");
  const flat =
    after.descriptors <= warm.descriptors && after.heapMiB - warm.heapMiB < 2 && after.rssMiB - warm.rssMiB < 24;
  const ok = flat && burstMs < 10_000 && code === 0;
  report("verdict", ok ? "flat" : "NOT FLAT");
  process.exitCode = ok ? 0 : 1;
}

async function sequentially(times: number, open: () => Promise<SecureConnection | undefined>): Promise<void> {
  for (let i = 0; i < times; i++) {
    const connection = await open();
    if (connection === undefined) continue;
    await echo(connection);
    connection.socket.destroy();
  }
}

async function echo({ socket }: SecureConnection): Promise<number> {
  const beginning = performance.now();
  socket.write("ping");
  for (let received = ""; !received.endsWith("ping"); ) received += String((await once(socket, "data"))[0]);
  return performance.now() - beginning;
}

async function refusedVisit(path: string): Promise<undefined> {
  const socket = connect({ path });
  socket.on("error", () => {});
  socket.resume().write("GET / HTTP/1.1\r\n\r\n");
  await new Promise((resolve) => socket.once("close", resolve));
}

function show({ rssMiB, heapMiB, descriptors }: Resources): string {
  return `${rssMiB.toFixed(0)} MiB resident, ${heapMiB.toFixed(1)} MiB heap, ${descriptors} descriptors`;
}

function report(what: string, result: string): void {
  console.log(`${what.padEnd(32)} ${result}`);
}
