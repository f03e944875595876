import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { RpcError } from "../../src/errors.js";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { RevocationSet } from "../../src/identity/revocation-set.js";
import { allow, deny } from "../../src/interceptors/policy.js";
import { Status } from "../../src/status.js";
import { failure } from "../helpers/collect.js";
import { GreeterPair, RecordingLogger, testTransport } from "../helpers/greeter-pair.js";
import { clientId, serverId } from "../helpers/identities.js";
import { withIdempotency } from "../helpers/with-idempotency.js";

const protocol = testTransport === "direct" ? "pinwire/1" : "h2";
const ofEvent = (log: RecordingLogger, event: string) => log.records.filter((record) => record.event === event);

describe("the records of a call", () => {
  it("are one on each side, with everything that a record may have", async () => {
    const log = new RecordingLogger();
    const pair = await GreeterPair.start({ client: { logger: log } });
    await pair.client.sayHello({ name: "Ada" });
    const common = {
      level: "debug",
      method: "/hello.v1.GreeterService/SayHello",
      kind: "unary",
      protocol,
      status: "OK",
      durationMs: expect.any(Number),
      requests: 1,
      requestBytes: 5,
      responses: 1,
      responseBytes: expect.any(Number),
    };
    expect(ofEvent(log, "call")).toEqual([{ event: "call", side: "client", peer: serverId, ...common }]);
    expect(await pair.log.find(({ event }) => event === "call")).toEqual({
      ...{ event: "call", side: "server", peer: clientId, ...common },
      pin: expect.stringMatching(/^sha256\/.{4,12}/),
      connection: expect.stringMatching(/^[0-9a-f]{12}$/),
    });
    expect(ofEvent(pair.log, "call")).toHaveLength(1);
  });

  it("share the reference that the caller heard", async () => {
    const log = new RecordingLogger();
    const policy = [allow(GreeterService, clientId), deny(GreeterService.method.sayHello, clientId)] as const;
    const pair = await GreeterPair.start({ client: { logger: log }, server: { policy } });
    const { message } = await failure(pair.client.sayHello({ name: "Ada" }));
    const [record] = ofEvent(log, "call");
    expect(record).toMatchObject({ level: "info", status: "PERMISSION_DENIED" });
    expect(message).toContain(`(reference ${record?.reference})`);
    expect(ofEvent(pair.log, "call")).toMatchObject([
      { level: "warn", code: "ERR_POLICY", reference: record?.reference },
    ]);
  });

  it("have nothing else of what a server says", async () => {
    const log = new RecordingLogger();
    const sayHello = () => {
      throw new RpcError(Status.NOT_FOUND, "no document of Ada (reference none)");
    };
    const pair = await GreeterPair.start({ client: { logger: log }, implementation: { sayHello } });
    await failure(pair.client.sayHello({ name: "Ada" }));
    expect(JSON.stringify(log.records)).not.toContain("document");
    expect(ofEvent(log, "call")[0]).not.toHaveProperty("reference");
  });

  it("say how often a call was sent that went well in the end", async () => {
    const log = new RecordingLogger();
    let times = 0;
    const pair = await GreeterPair.start({
      service: withIdempotency(MethodOptions_IdempotencyLevel.IDEMPOTENT),
      client: { logger: log },
      implementation: {
        sayHello: () => {
          times += 1;
          if (times < 2) throw new RpcError(Status.UNAVAILABLE, "not yet");
          return { greeting: "Hello" };
        },
      },
    });
    await pair.client.sayHello({ name: "Ada" });
    expect(ofEvent(log, "call")).toMatchObject([{ level: "debug", status: "OK", attempts: 2 }]);
  });
});

describe("the records of a connection", () => {
  it("say on both sides that it is there, and that it was", async () => {
    const log = new RecordingLogger();
    const pair = await GreeterPair.start({ client: { logger: log } });
    await pair.client.sayHello({ name: "Ada" });
    await pair.server.drain();
    for (const [records, side, peer] of [
      [log, "client", serverId],
      [pair.log, "server", clientId],
    ] as const) {
      const opened = await records.find(({ event }) => event === "connection opened");
      const closed = await records.find(({ event }) => event === "connection closed");
      const fields = { level: "debug", side, peer, pin: expect.stringMatching(/^sha256\//), protocol };
      expect(opened).toEqual({ event: "connection opened", connection: expect.any(String), ...fields });
      const ended = { event: "connection closed", connection: opened.connection, durationMs: expect.any(Number) };
      expect(closed).toEqual({ ...fields, ...ended });
    }
  });

  it("say why it was cut, also to a logger that wants no details", async () => {
    const log = Object.assign(new RecordingLogger(), { isLevelEnabled: (level: string) => level !== "debug" });
    const pair = await GreeterPair.start({ server: { logger: log } });
    await pair.client.sayHello({ name: "Ada" });
    const revoked = RevocationSet.of([pair.world.leaf(clientId).certificate]);
    pair.serverCredentials.set({ ...pair.serverCredentials.current(), revoked });
    expect(await log.find(({ event }) => event === "connection closed")).toMatchObject({
      level: "info",
      side: "server",
      peer: clientId,
      code: "ERR_REVOKED",
      reason: expect.stringContaining("revoked"),
    });
    expect(ofEvent(log, "connection opened")).toEqual([]);
  });
});
