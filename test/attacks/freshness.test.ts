// Freshness: a call that is old, or was here before, is refused and counted, with one text for every fault and a code of
// its own for each. test/attacks/direct-violations.test.ts has the numbers of the direct transport.
import { describe, expect, it } from "vitest";
import { data, flag, open, type } from "../../scripts/direct-frames.js";
import { decodeEnd } from "../../src/rpc/direct/end-frame.js";
import { encodeEnvelope } from "../../src/rpc/envelope.js";
import type { ServerOptions } from "../../src/server/server-options.js";
import { Status } from "../../src/status.js";
import { failure } from "../helpers/collect.js";
import { AttackedServer, methods, request } from "../helpers/direct-attack.js";
import { GreeterPair } from "../helpers/greeter-pair.js";
import { clientId } from "../helpers/identities.js";
import { framed, RawH2Client } from "../helpers/raw-h2-client.js";

const neutral = /^not authenticated \(reference [0-9a-f]{12}\)$/;

async function start(server: Partial<ServerOptions> = {}) {
  const pair = await GreeterPair.start({ server });
  const raw = await connect(pair);
  return { pair, raw };
}

function connect(pair: GreeterPair): Promise<RawH2Client> {
  return RawH2Client.of(pair);
}

function envelope(init: { sender?: string; issuedAt?: number; sequence?: number } = {}): string {
  const bytes = encodeEnvelope({ sender: "12345678", issuedAt: Date.now(), sequence: 1, ...init });
  return bytes.toString("base64");
}

function say(raw: RawH2Client, ...envelopes: string[]) {
  return raw.call(
    { ":path": methods.sayHello, ...(envelopes.length > 0 && { "pinwire-envelope-bin": envelopes.join(",") }) },
    framed(Buffer.alloc(0)),
  );
}

async function expectRefused(pair: GreeterPair, answer: ReturnType<typeof say>, code: string) {
  const before = pair.server.refusedCalls.get(code as "ERR_STALE_CALL") ?? 0;
  expect(await answer).toMatchObject({
    httpStatus: 200,
    status: Status.UNAUTHENTICATED,
    message: expect.stringMatching(neutral),
    body: Buffer.alloc(0),
  });
  expect(await pair.log.find((record) => record.code === code)).toMatchObject({ level: "warn", peer: clientId });
  expect(pair.server.refusedCalls.get(code as "ERR_STALE_CALL")).toBe(before + 1);
}

describe("freshness over HTTP/2", () => {
  it("takes a call with an envelope, and one of another stack without", async () => {
    const { raw } = await start();
    expect(await say(raw, envelope())).toMatchObject({ status: Status.OK });
    expect(await say(raw)).toMatchObject({ status: Status.OK });
  });

  it("refuses the same call again, on another connection too", async () => {
    const { pair, raw } = await start();
    const call = envelope({ sequence: 7 });
    expect(await say(raw, call)).toMatchObject({ status: Status.OK });
    await expectRefused(pair, say(raw, call), "ERR_REPLAYED_CALL");
    await expectRefused(pair, say(await connect(pair), call), "ERR_REPLAYED_CALL");
    expect(await say(raw, envelope({ sequence: 6 }))).toMatchObject({ status: Status.OK });
  });

  const stale: Record<string, number> = {
    "from 31 seconds ago": -31_000,
    "from 31 seconds ahead": 31_000,
    "whose time is no number": Number.NaN,
    "whose time has no end": Number.POSITIVE_INFINITY,
  };
  for (const [what, offset] of Object.entries(stale)) {
    it(`refuses a call ${what}`, async () => {
      const { pair, raw } = await start();
      await expectRefused(pair, say(raw, envelope({ issuedAt: Date.now() + offset })), "ERR_STALE_CALL");
      expect(await say(raw, envelope())).toMatchObject({ status: Status.OK });
    });
  }

  it("takes a call whose clock is a little off", async () => {
    const { raw } = await start();
    for (const [i, offset] of [-25_000, 25_000].entries()) {
      expect(await say(raw, envelope({ issuedAt: Date.now() + offset, sequence: i }))).toMatchObject({
        status: Status.OK,
      });
    }
  });

  const malformed: Record<string, readonly string[]> = {
    "an empty envelope": [""],
    "one byte too few": [Buffer.alloc(22, 1).toString("base64")],
    "a version that does not exist": [Buffer.alloc(23, 2).toString("base64")],
    "two envelopes": [envelope({ sequence: 1 }), envelope({ sequence: 2 })],
    "4 KB of envelope": [Buffer.alloc(4_096, 1).toString("base64")],
  };
  for (const [what, values] of Object.entries(malformed)) {
    it(`refuses ${what}`, async () => {
      const { pair, raw } = await start();
      await expectRefused(pair, say(raw, ...values), "ERR_ENVELOPE_MALFORMED");
    });
  }

  it("demands an envelope when it is told to; clients of its own always send one", async () => {
    const { pair, raw } = await start({ freshness: "required" });
    await expectRefused(pair, say(raw), "ERR_ENVELOPE_MISSING");
    expect(await say(raw, envelope())).toMatchObject({ status: Status.OK });
    for (const transport of ["h2", "direct"] as const) {
      const client = pair.newClient({ transports: [transport] });
      await Promise.all(Array.from({ length: 50 }, () => client.sayHello({ name: "x" })));
    }
  });

  it("keeps the envelope from handlers, and from users who would write one", async () => {
    const { pair } = await start();
    const seen: string[] = [];
    const other = await GreeterPair.start({
      implementation: {
        sayHello: (_, { requestMetadata }) => {
          for (const [key] of requestMetadata) seen.push(key);
          return {};
        },
      },
    });
    await other.newClient({ transports: ["h2"] }).sayHello({ name: "x" }, { metadata: { "x-own": "1" } });
    expect(seen).toEqual(["x-own"]);
    const metadata = { "pinwire-envelope-bin": new Uint8Array(23) };
    await expect(pair.client.sayHello({ name: "x" }, { metadata })).rejects.toMatchObject({
      code: "ERR_INVALID_METADATA",
    });
  });

  it("is an option with two values", () => {
    expect(() => new GreeterPair({ server: { freshness: "yes" as "required" } })).toThrow(
      'freshness must be "checked" or "required", not "yes"',
    );
  });
});

describe("freshness on the direct transport", () => {
  for (const [what, offset] of Object.entries(stale())) {
    it(`refuses a call ${what}, and counts it`, async () => {
      // One that is late is served otherwise, with what is left of its time; test/rpc/direct/server-link.test.ts.
      const freshness = offset === -31_000 ? "required" : "checked";
      const attacked = await AttackedServer.start({ server: { freshness } });
      const peer = await attacked.greeted();
      peer.send(open(1, { method: methods.sayHello, sentAt: Date.now() + offset }), data(1, request(), flag.last));
      expect(decodeEnd((await peer.next(type.end)).payload, 32_768)).toMatchObject({
        status: Status.UNAUTHENTICATED,
        message: expect.stringMatching(neutral),
      });
      await attacked.pair.log.find(({ code }) => code === "ERR_STALE_CALL");
      expect(attacked.pair.server.refusedCalls.get("ERR_STALE_CALL")).toBe(1);
    });
  }
});

describe("the counts of refused calls", () => {
  it("tell the reasons apart, and leave out what handlers throw", async () => {
    const { pair } = await start({ limits: { isOverloaded: () => true } });
    await failure(pair.client.collectHellos([]));
    await failure(pair.client.collectHellos([]));
    expect([...pair.server.refusedCalls]).toEqual([["ERR_OVERLOADED", 2]]);
    const failing = await GreeterPair.start({
      implementation: {
        sayHello: () => {
          throw new Error("swordfish");
        },
      },
    });
    await failure(failing.client.sayHello({ name: "x" }));
    expect([...failing.server.refusedCalls]).toEqual([]);
  });
});

function stale(): Record<string, number> {
  return { "from 31 seconds ago": -31_000, "from 31 seconds ahead": 31_000, "whose time is no number": Number.NaN };
}
