import { describe, expect, it } from "vitest";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { allow, createChannel, createServer } from "../../src/index.js";
import { payloadLog } from "../../src/interceptors/payload-log.js";
import { createTestCa } from "../../src/testing.js";
import { failure } from "../helpers/collect.js";
import { GreeterPair, RecordingLogger } from "../helpers/greeter-pair.js";
import { clientId, serverId } from "../helpers/identities.js";

const { sayHello } = GreeterService.method;

describe("payloads", () => {
  it("are in no record unless somebody asked", async () => {
    const pair = await GreeterPair.start();
    await pair.client.sayHello({ name: "CANARY-9b1e" });
    expect(JSON.stringify(pair.log.records)).not.toContain("CANARY-9b1e");
  });

  it("are logged on both sides for the methods that were named, and for no others", async () => {
    const log = new RecordingLogger();
    const pair = await GreeterPair.start({
      server: { logPayloads: [sayHello] },
      client: { logPayloads: [GreeterService], logger: log },
    });
    await pair.client.sayHello({ name: "Ada" });
    for await (const _ of pair.client.sayManyHellos({ name: "Bob", count: 1 }));
    const messages = pair.log.records.filter(({ event }) => event === "message");
    expect(messages).toMatchObject([
      { direction: "request", method: "/hello.v1.GreeterService/SayHello", peer: clientId, payload: { name: "Ada" } },
      { direction: "response", payload: { greeting: expect.stringContaining("Ada") } },
    ]);
    const ofClient = log.records.filter(({ event }) => event === "message");
    expect(ofClient.map(({ method, direction, peer }) => [method, direction, peer])).toEqual([
      ["/hello.v1.GreeterService/SayHello", "request", serverId],
      ["/hello.v1.GreeterService/SayHello", "response", serverId],
      ["/hello.v1.GreeterService/SayManyHellos", "request", serverId],
      ["/hello.v1.GreeterService/SayManyHellos", "response", serverId],
    ]);
  });
});

describe("a message that cannot be rendered", () => {
  it("is a record without it, and no failure of the call", () => {
    const log = new RecordingLogger();
    const hooks: ((message: never) => void)[] = [];
    const add = (hook: (message: never) => void) => void hooks.push(hook);
    const call = { onRequestMessage: add, onResponseMessage: add, peer: { id: clientId } };
    const [stage] = payloadLog(sayHello, [sayHello], log);
    void stage?.(call as never, () => Promise.resolve());
    for (const hook of hooks) hook({ $typeName: "t.Other" } as never);
    expect(log.records).toMatchObject([{ payload: "[cannot be shown]" }, { payload: "[cannot be shown]" }]);
  });
});

describe("a record of a call", () => {
  it("says on both sides who, what, how it ended, how long and how much", async () => {
    const log = new RecordingLogger();
    const pair = await GreeterPair.start({ client: { logger: log } });
    await pair.client.sayHello({ name: "Ada" });
    const common = {
      event: "call",
      method: "/hello.v1.GreeterService/SayHello",
      kind: "unary",
      status: "OK",
      requests: 1,
      requestBytes: 5,
      responses: 1,
      responseBytes: expect.any(Number),
      durationMs: expect.any(Number),
    };
    expect(log.records.filter(({ event }) => event === "call")).toMatchObject([
      { ...common, side: "client", peer: serverId },
    ]);
    expect(pair.log.records.filter(({ event }) => event === "call")).toMatchObject([
      { ...common, side: "server", peer: clientId, pin: expect.any(String), connection: expect.any(String) },
    ]);
  });

  it("has the metadata that is listed, cut, and none that is not", async () => {
    const pair = await GreeterPair.start({ server: { logMetadata: ["x-request-id"] } });
    const metadata = { "x-request-id": "r".repeat(500), authorization: "Bearer CANARY-11", "x-other": "CANARY-12" };
    await pair.client.sayHello({ name: "Ada" }, { metadata });
    const [record] = pair.log.records.filter(({ event }) => event === "call");
    expect(record).toMatchObject({ metadata: { "x-request-id": "r".repeat(128) } });
    expect(JSON.stringify(pair.log.records)).not.toContain("CANARY");
  });

  it("of a failure has no text of anybody's error, on neither side", async () => {
    const log = new RecordingLogger();
    const pair = await GreeterPair.start({
      client: { logger: log },
      implementation: {
        sayHello: () => {
          throw new Error("CANARY-13", { cause: new Error("CANARY-14") });
        },
      },
    });
    await failure(pair.client.sayHello({ name: "CANARY-15" }, { metadata: { "x-secret": "CANARY-16" } }));
    expect(pair.log.ofCalls).toMatchObject([{ status: "INTERNAL", code: "ERR_HANDLER_FAILED" }]);
    expect(log.ofCalls).toMatchObject([{ status: "INTERNAL", side: "client" }]);
    expect(JSON.stringify([log.records, pair.log.records])).not.toContain("CANARY");
  });
});

describe("options", () => {
  it("that would show secrets are refused", () => {
    for (const key of [
      "authorization",
      "cookie",
      "x-api-key",
      "trace-bin",
      "X-Upper",
      "pinwire-token",
      "x-amz-authorization",
      "x-session-id",
    ]) {
      expect(() => new GreeterPair({ server: { logMetadata: [key] } }), key).toThrow(/logMetadata cannot show/);
    }
    expect(() => new GreeterPair({ server: { logPayloads: ["SayHello"] as never } })).toThrow(
      /logPayloads takes services/,
    );
  });

  it("are asked for in vain where the logger would drop them, and that is said", () => {
    const credentials = createTestCa().credentials(serverId, clientId);
    const policy = [allow(sayHello, clientId)] as const;
    const logPayloads = [sayHello];
    const silent = /the default logger none: add logger: pino\(\{ level: "debug" \}\)$/;
    expect(() => createServer({ credentials, policy, logPayloads })).toThrow(silent);
    const channel = { credentials, target: "unix:/run/x/y.sock", peer: serverId };
    expect(() => createChannel({ ...channel, logPayloads })).toThrow(silent);
    expect(createServer({ credentials, policy, logPayloads, logger: new RecordingLogger() })).toBeDefined();
  });
});
