// Which transport two sides take, and that everybody can see it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { createChannel } from "../../../src/client/channel.js";
import { createClient } from "../../../src/client/client.js";
import { GreeterService } from "../../../src/gen/hello/v1/greeter_pb.js";
import { Status } from "../../../src/status.js";
import { protocols, type TransportName, transportName } from "../../../src/transport/protocols.js";
import { failure } from "../../helpers/collect.js";
import { GreeterPair, type LogRecord, RecordingLogger } from "../../helpers/greeter-pair.js";
import { clientId, serverId } from "../../helpers/identities.js";
import { lowClient } from "../../helpers/low-calls.js";
import { hasPythonGrpc, python } from "../../helpers/python.js";
import { Relay } from "../../helpers/relay.js";
import { anotherServer, pathOf } from "../../helpers/servers.js";
import { tempDirectory } from "../../helpers/temp-directory.js";

type Transports = readonly TransportName[];

const choices: readonly Transports[] = [["direct"], ["h2"], ["direct", "h2"], ["h2", "direct"]];

/** A channel of its own with its log, and a client on it. */
function channelTo(pair: GreeterPair, transports: Transports | undefined, target = pair.target) {
  const logger = new RecordingLogger();
  const channel = createChannel({
    credentials: pair.clientCredentials,
    target,
    peer: serverId,
    logger,
    ...(transports && { transports }),
  });
  onTestFinished(() => channel.close());
  const client = createClient(GreeterService, channel, { timeoutMs: 10_000 });
  return { channel, client, logger, fallbacks: () => logger.records.filter(isFallback) };
}

const isFallback = ({ event }: LogRecord) => event === "transport fallback";

describe("of what both know", () => {
  for (const ours of choices) {
    for (const theirs of choices) {
      // As ALPN has it: the server chooses, by its own order (RFC 7301 section 3.2).
      const chosen = theirs.find((name) => ours.includes(name));
      const title = `client ${ours.join(", ")}, server ${theirs.join(", ")}: ${chosen ?? "nothing"}`;
      if (chosen === undefined) {
        it(title, () => expectNothingInCommon(ours, theirs));
        continue;
      }
      it(title, async () => {
        const pair = await GreeterPair.start({ server: { transports: theirs } });
        const { channel, client, fallbacks } = channelTo(pair, ours);
        expect(channel.transport).toBeUndefined();
        expect((await client.sayHello({ name: "Ada" })).greeting).toContain("Ada");
        expect(channel.transport).toBe(chosen);
        const record = await pair.log.find(({ event }) => event === "call");
        expect(transportName(String(record.protocol))).toBe(chosen);
        const expected = ours.includes("direct") && chosen === "h2" ? 1 : 0;
        expect(fallbacks()).toHaveLength(expected);
      });
    }
  }

  it("two that were told nothing speak the direct transport", async () => {
    const { channel, client } = channelTo(await GreeterPair.start(), undefined);
    await client.sayHello({ name: "Ada" });
    expect(channel.transport).toBe("direct");
  });

  it("a list that names nothing, or something unknown, is refused", async () => {
    const pair = await GreeterPair.start();
    for (const transports of [[], ["http"], ["direct", "tcp"]]) {
      expect(() => channelTo(pair, transports as never)).toThrowError(
        expect.objectContaining({
          code: "ERR_INVALID_OPTION",
          message: 'transports must name at least one of "direct", "h2"',
        }),
      );
    }
  });
});

describe("a fallback to h2", () => {
  it("is one record of the client's log, however many calls there are", async () => {
    const pair = await GreeterPair.start({ server: { transports: ["h2"] } });
    const { client, fallbacks } = channelTo(pair, undefined);
    await Promise.all(Array.from({ length: 20 }, () => client.sayHello({ name: "Ada" })));
    expect(fallbacks()).toEqual([{ level: "info", event: "transport fallback", peer: serverId, protocol: "h2" }]);
  });

  it("is remembered for a minute: until then a new connection costs one handshake", async () => {
    let now = 0;
    let fallbacks = 0;
    const pair = await GreeterPair.start({ server: { transports: ["h2"] } });
    const relay = await Relay.start(pathOf(pair));
    const client = lowClient({
      credentials: pair.clientCredentials,
      target: relay.target,
      now: () => now,
      onFallback: () => {
        fallbacks += 1;
      },
    });
    const connect = async (): Promise<number> => {
      const before = relay.lines.all.length;
      await client.sayHello("Ada");
      return relay.lines.all.length - before;
    };
    /** The h2 connection breaks; it is over when the transport says that there is none. */
    const breakOff = async () => {
      relay.lines.all.at(-1)?.cut();
      while (client.transport.protocol !== undefined) await new Promise((resolve) => setImmediate(resolve));
    };
    expect(await connect()).toBe(2);
    await breakOff();
    now = 59_999;
    expect(await connect()).toBe(1);
    expect(fallbacks).toBe(1);
    // A connection that works is not given up to look for a better one.
    now = 60_001;
    expect(await connect()).toBe(0);
    await breakOff();
    expect(await connect()).toBe(2);
    expect(fallbacks).toBe(2);
    expect(client.transport.protocol).toBe(protocols.h2);
  });
});

describe("a server that is replaced by one with other transports", () => {
  for (const before of choices.slice(0, 3)) {
    for (const after of choices.slice(0, 3)) {
      if (before === after) continue;
      it(`is followed from ${before.join(", ")} to ${after.join(", ")}`, async () => {
        const pair = await GreeterPair.start({ server: { transports: before } });
        const successor = await anotherServer(pair, {}, { transports: after });
        const relay = await Relay.start(pathOf(pair));
        const { channel, client, fallbacks } = channelTo(pair, undefined, relay.target);
        await client.sayHello({ name: "Ada" });
        expect(channel.transport).toBe(before[0]);
        relay.redirect(successor.path);
        await pair.server.drain();
        // Where the fallback was remembered, one call may find out that it no longer holds.
        let failures = 0;
        while ((await client.sayHello({ name: "Ada" }).catch(() => undefined)) === undefined) failures += 1;
        expect(failures).toBeLessThanOrEqual(1);
        const stillH2 = before[0] === "h2" && after.includes("h2");
        expect(channel.transport).toBe(stillH2 ? "h2" : after[0]);
        expect(fallbacks()).toHaveLength([before, after].some(([first]) => first === "h2") ? 1 : 0);
      });
    }
  }
});

describe.skipIf(!hasPythonGrpc())("python3-grpcio (skipped when it is not installed)", () => {
  it("gets h2 from a server that speaks both", async () => {
    const pair = await GreeterPair.start();
    const child = spawn(python, ["-c", sayHelloInPython, pair.target, ...credentialFiles(pair)]);
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (output += chunk));
    await once(child, "close");
    expect(output).toContain(`Hello, Ada, known to me as ${clientId}`);
    expect(await pair.log.find(({ event }) => event === "call")).toMatchObject({ protocol: "h2", status: "OK" });
  });
});

async function expectNothingInCommon(ours: Transports, theirs: Transports): Promise<void> {
  const pair = await GreeterPair.start({ server: { transports: theirs } });
  const { channel, client } = channelTo(pair, ours);
  const error = await failure(client.sayHello({ name: "Ada" }));
  expect(error).toMatchObject({
    status: Status.UNAUTHENTICATED,
    code: "ERR_PROTOCOL_VERSION",
    rawMessage: "the peer refuses us: no application protocol",
    cause: { name: "PeerError" },
  });
  expect(channel.transport).toBeUndefined();
  expect(await pair.log.find(({ event }) => event === "connection refused")).toMatchObject({
    code: "ERR_PROTOCOL_VERSION",
    reason: "the peer offered none of the protocols of this server by ALPN",
  });
}

const sayHelloInPython = `
import grpc, sys
target, ca, cert, key = sys.argv[1:]
read = lambda path: open(path, "rb").read()
with grpc.secure_channel(target, grpc.ssl_channel_credentials(read(ca), read(key), read(cert))) as channel:
    print(channel.unary_unary("/hello.v1.GreeterService/SayHello")(b"\\x0a\\x03Ada", timeout=10).decode("latin1"))
`;

function credentialFiles({ world }: GreeterPair): string[] {
  const directory = tempDirectory();
  const { pem, keyPem } = world.leaf(clientId);
  return Object.entries({ "ca.pem": world.ca.pem, "cert.pem": pem, "key.pem": keyPem }).map(([name, text]) => {
    writeFileSync(join(directory, name), text, { mode: 0o600 });
    return join(directory, name);
  });
}
