// TOK-16: freshness and identity, then rate, then authorization, then deadline, then decoding, then the handler. Each test makes
// calls that two neighbours would refuse, and records which of them did.
import { describe, expect, it } from "vitest";
import { data, flag, open, type } from "../../scripts/direct-frames.js";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { allow, deny } from "../../src/interceptors/policy.js";
import { decodeEnd } from "../../src/rpc/direct/end-frame.js";
import { fixedLimits } from "../../src/rpc/direct/limits.js";
import type { ServerSettings } from "../../src/server/server-options.js";
import { Status, statusName } from "../../src/status.js";
import { AuditPlace } from "../helpers/audit-place.js";
import { methods, request } from "../helpers/direct-attack.js";
import { GreeterPair, greeter } from "../helpers/greeter-pair.js";
import { clientId } from "../helpers/identities.js";
import { RawDirectPeer } from "../helpers/raw-direct-peer.js";
import { framed, RawH2Client } from "../helpers/raw-h2-client.js";
import { pathOf } from "../helpers/servers.js";
import { withPolicy } from "../helpers/with-policy.js";

/** One token, and no other as long as a test lives. */
const oneCall = { perSecond: 1 / 3_600, burst: 1 };
const allowHello = [allow(GreeterService.method.sayHello, clientId)];
const malformed = Buffer.from([0xff]);

interface RawCall {
  readonly method?: string;
  readonly timeoutMs?: number;
  readonly sentAt?: number;
  readonly message?: Uint8Array;
}

/** Makes raw calls one after the other on one connection. @returns what happened, in order */
async function eventsOf(server: Partial<ServerSettings>, calls: readonly RawCall[], service?: typeof GreeterService) {
  const events: string[] = [];
  const pair = await GreeterPair.start({
    ...(service && { service }),
    server: {
      ...server,
      interceptors: [
        (_, next) => {
          events.push("interceptor");
          return next();
        },
      ],
    },
    implementation: {
      sayHello: (...args) => {
        events.push("handler");
        return greeter.sayHello(...args);
      },
    },
  });
  const peer = await RawDirectPeer.connect(pathOf(pair), pair.world.leaf(clientId));
  await peer.greet();
  for (const [index, { message = request(), ...init }] of calls.entries()) {
    const streamId = 1 + 2 * index;
    peer.send(open(streamId, { method: methods.sayHello, ...init }), data(streamId, message, flag.last));
    const { status, message: sentence } = decodeEnd((await peer.next(type.end)).payload, fixedLimits.maxMetadataBytes);
    events.push(`${statusName(status)}${sentence && ` ${sentence.replace(/ \(reference .*/, "")}`}`);
  }
  return { events, pair };
}

describe("TOK-16: the order of the stages", () => {
  it("lets a good call through all of them", async () => {
    const { events } = await eventsOf({ policy: allowHello }, [{}]);
    expect(events).toEqual(["interceptor", "handler", "OK"]);
  });

  it("believes no call of another time, whatever its rate", async () => {
    const untimely = { sentAt: Date.now() + 3_600_000 };
    const { events } = await eventsOf({ policy: allowHello, limits: { callsPerSecond: oneCall } }, [
      untimely,
      untimely,
      {},
    ]);
    // They spent nothing.
    expect(events).toEqual([
      "UNAUTHENTICATED not authenticated",
      "UNAUTHENTICATED not authenticated",
      "interceptor",
      "handler",
      "OK",
    ]);
  });

  it("counts the rate before it authorizes: denied calls are paid for", async () => {
    const chat = { method: methods.chat };
    const { events } = await eventsOf({ policy: allowHello, limits: { callsPerSecond: oneCall } }, [chat, chat, {}]);
    expect(events).toEqual([
      "PERMISSION_DENIED permission denied",
      "RESOURCE_EXHAUSTED too many calls, try again later",
      "RESOURCE_EXHAUSTED too many calls, try again later",
    ]);
  });

  it("authorizes before it looks at the deadline or decodes", async () => {
    const policy = [allow(GreeterService, clientId), deny(GreeterService.method.sayHello, clientId)];
    const { events } = await eventsOf({ policy }, [{ timeoutMs: 0 }, { message: malformed }, {}]);
    expect(events).toEqual(Array(3).fill("PERMISSION_DENIED permission denied"));
  });

  it("looks at the deadline before it decodes, and decodes before anything of the user's runs", async () => {
    const { events } = await eventsOf({ policy: allowHello }, [
      { timeoutMs: 0, message: malformed },
      { message: malformed },
    ]);
    expect(events.map((event) => event.split(" ")[0])).toEqual(["DEADLINE_EXCEEDED", "INVALID_ARGUMENT"]);
  });

  it("leaves one record in the audit log for each denied call, in order", async () => {
    const place = new AuditPlace();
    const audit = await place.open();
    const { pair } = await eventsOf({ policy: allowHello, audit, auditLevel: "denials" }, [
      { method: methods.chat },
      {},
      { method: "/no.such.Service/Nope" },
    ]);
    await pair.server.close();
    await audit.close();
    const records = place.records.filter((record) => "method" in record);
    expect(records.map(({ method, code, peer }) => ({ method, code, peer }))).toEqual([
      { method: methods.chat, code: "ERR_POLICY", peer: clientId },
      { method: "/no.such.Service/Nope", code: "ERR_POLICY", peer: clientId },
    ]);
  });
});

describe("TOK-16: who is denied", () => {
  const strict = {
    rateLimit: oneCall,
    maxConcurrentCalls: 1,
    maxRequestBytes: 1,
    roles: ["admin"],
    maxTimeout: { seconds: 1n },
  };
  const service = withPolicy({ SayHello: strict, Chat: strict });
  const server = { policy: [], roles: { admin: ["spiffe://local.test/somebody-else"] } };
  const names = [
    methods.sayHello,
    methods.chat,
    methods.collectHellos,
    "/hello.v1.GreeterService/Nope",
    "/no.such.Service/Nope",
  ];

  it("hears the same of every method, however strict it is and however often asked", async () => {
    for (const method of names) {
      const { events } = await eventsOf(server, Array(5).fill({ method }), service);
      expect(events, method).toEqual(Array(5).fill("PERMISSION_DENIED permission denied"));
    }
  });

  it("hears the same when all calls come at once", async () => {
    const pair = await GreeterPair.start({ service, server });
    const peer = await RawDirectPeer.connect(pathOf(pair), pair.world.leaf(clientId));
    await peer.greet();
    const calls = Array.from({ length: 50 }, (_, i) => names[i % names.length] ?? "");
    peer.send(...calls.map((method, i) => open(1 + 2 * i, { method })));
    for (const _ of calls) {
      expect(decodeEnd((await peer.next(type.end)).payload, fixedLimits.maxMetadataBytes).status).toBe(
        Status.PERMISSION_DENIED,
      );
    }
  });

  it("hears the same over HTTP/2, headers included", async () => {
    const pair = await GreeterPair.start({ service, server });
    const raw = await RawH2Client.of(pair);
    const answers = new Set<string>();
    for (const path of names) {
      for (let i = 0; i < 3; i++) {
        const { message = "", ...answer } = await raw.call({ ":path": path }, framed(Buffer.alloc(64)));
        answers.add(JSON.stringify({ ...answer, message: message.replace(/[0-9a-f]{12}/, "…") }));
      }
    }
    expect([...answers]).toHaveLength(1);
  });
});
