// Each kind of anomaly, brought about by a real peer of a server with its defaults: one event, to the program and in the log,
// one more in the figures, and nobody is kept out for it.

import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { connect as connectTls } from "node:tls";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { data, flag, frame, open, type } from "../../scripts/direct-frames.js";
import { createChannel } from "../../src/client/channel.js";
import { createClient } from "../../src/client/client.js";
import { RpcError } from "../../src/errors.js";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { AdminService } from "../../src/gen/pinwire/admin/v1/admin_pb.js";
import { RevocationSet } from "../../src/identity/revocation-set.js";
import type { Anomaly } from "../../src/interceptors/anomaly.js";
import { allow, deny } from "../../src/interceptors/policy.js";
import { encodeEnvelope } from "../../src/rpc/envelope.js";
import { Status } from "../../src/status.js";
import { revokeTokens } from "../../src/tokens/revoke-tokens.js";
import { failure } from "../helpers/collect.js";
import { methods, request, wholeCall } from "../helpers/direct-attack.js";
import { GreeterPair, type PairOptions, testTransport } from "../helpers/greeter-pair.js";
import { clientId, serverId } from "../helpers/identities.js";
import { type LeafOverrides, mintLeaf } from "../helpers/mint.js";
import { RawDirectPeer } from "../helpers/raw-direct-peer.js";
import { framed, RawH2Client } from "../helpers/raw-h2-client.js";
import { tempDirectory } from "../helpers/temp-directory.js";
import { issue, tempIssuer } from "../helpers/tokens.js";
import { withPolicy } from "../helpers/with-policy.js";

/** A server with its defaults, and what it found wrong. */
async function watched(options: PairOptions = {}) {
  const anomalies: Anomaly[] = [];
  const waiting = new Set<() => void>();
  const onAnomaly = (anomaly: Anomaly) => {
    anomalies.push(anomaly);
    for (const wake of waiting) wake();
  };
  const pair = await GreeterPair.start({ ...options, server: { ...options.server, onAnomaly } });
  const first = async (): Promise<Anomaly> => {
    while (anomalies.length === 0) await new Promise<void>((resolve) => waiting.add(resolve));
    return anomalies[0] as Anomaly;
  };
  /** There was one event, everywhere. */
  const expectOne = async (expected: Partial<Anomaly> & Pick<Anomaly, "kind">) => {
    const anomaly = await first();
    expect(anomaly).toMatchObject(expected);
    expect(anomaly.since).toBeGreaterThan(Date.now() - 600_000);
    await pair.client.sayHello({ name: "nobody was locked out" });
    expect(anomalies.map(({ kind }) => kind)).toEqual([expected.kind]);
    expect(pair.server.stats()?.anomalies).toEqual({ [expected.kind]: 1 });
    const records = pair.log.records.filter(({ event }) => event === "anomaly");
    expect(records).toMatchObject([{ level: "warn", ...expected }]);
  };
  return { pair, anomalies, expectOne };
}

const socketOf = ({ target }: GreeterPair) => target.slice("unix:".length);

/** Somebody with another certificate for the client's name connects, and goes. */
async function impostor(pair: GreeterPair, overrides: LeafOverrides = {}): Promise<void> {
  const { pem: cert, keyPem: key } = mintLeaf(pair.world.ca, { id: clientId, ...overrides });
  await refusedVisit(pair, { cert, key });
}

async function refusedVisit(pair: GreeterPair, options: { cert?: string; key?: string } = {}): Promise<void> {
  const path = socketOf(pair);
  const socket = connectTls({ path, rejectUnauthorized: false, ALPNProtocols: ["h2"], ...options });
  socket.on("error", () => {}).resume();
  await new Promise<void>((resolve) => socket.once("close", () => resolve()));
}

describe("handshake-burst", () => {
  it("strangers who are refused, one after the other", async () => {
    const { pair, expectOne } = await watched();
    for (let n = 0; n < 60; n++) await refusedVisit(pair);
    await expectOne({ kind: "handshake-burst", peer: undefined, code: "ERR_NO_CERTIFICATE" });
  });
});

describe("pin-mismatch", () => {
  it("a name that is pinned, with another key", async () => {
    const { pair, expectOne } = await watched();
    await impostor(pair);
    await expectOne({ kind: "pin-mismatch", peer: clientId, count: 1, code: "ERR_PIN_MISMATCH" });
  });

  it("is seen behind many who have no certificate at all", async () => {
    const { pair, anomalies } = await watched();
    await Promise.all(Array.from({ length: 40 }, () => refusedVisit(pair)));
    await impostor(pair);
    await vi.waitFor(() => expect(anomalies.map(({ kind }) => kind)).toContain("pin-mismatch"));
  });
});

describe("withdrawn-credential", () => {
  it("a certificate that was revoked", async () => {
    const { pair, anomalies } = await watched();
    await pair.client.sayHello({ name: "x" });
    const revoked = RevocationSet.of([pair.world.leaf(clientId).certificate]);
    pair.serverCredentials.set({ ...pair.serverCredentials.current(), revoked });
    await failure(pair.client.sayHello({ name: "x" }));
    await vi.waitFor(() =>
      expect(anomalies).toMatchObject([{ kind: "withdrawn-credential", peer: clientId, code: "ERR_REVOKED" }]),
    );
  });

  it("a certificate that has expired", async () => {
    const { pair, expectOne } = await watched();
    const key = pair.world.leaf(clientId).key;
    await impostor(pair, { key, notAfter: new Date(Date.now() - 60_000) });
    await expectOne({
      kind: "withdrawn-credential",
      peer: clientId,
      count: 1,
      code: "ERR_CERTIFICATE_EXPIRED",
    });
  });

  it("a token that was revoked", async () => {
    const { issuer } = await tempIssuer();
    const revoked = join(tempDirectory(), "revoked.json");
    await revokeTokens(revoked, { subjects: [clientId] });
    const service = withPolicy({ CollectHellos: { requiredScopes: ["greet"] } });
    // What was issued in the second of the revocation is revoked, too.
    const { pair, expectOne } = await watched({
      service,
      server: { tokens: { issuers: issuer.publicFile, revoked } },
    });
    const metadata = { authorization: `Bearer ${await issue(issuer, pair.world)}` };
    await failure(pair.client.collectHellos([{ name: "x" }], { metadata }));
    await expectOne({ kind: "withdrawn-credential", peer: clientId, count: 1, code: "ERR_TOKEN_REVOKED" });
  });
});

describe("refusal-burst", () => {
  it("calls of a peer that are refused, one after the other", async () => {
    const policy = [allow(GreeterService, clientId), deny(GreeterService.method.collectHellos, clientId)] as const;
    const { pair, expectOne } = await watched({ server: { policy } });
    for (let n = 0; n < 50; n++) await failure(pair.client.collectHellos([{ name: "x" }]));
    await expectOne({
      kind: "refusal-burst",
      peer: clientId,
      count: 20,
      code: "ERR_POLICY",
      method: methods.collectHellos,
    });
  });
});

describe("method-probing", () => {
  it("names that nothing is served under", async () => {
    const { pair, expectOne } = await watched();
    const { clientCredentials: credentials, target } = pair;
    const channel = createChannel({ credentials, target, peer: serverId, transports: [testTransport] });
    onTestFinished(() => channel.close());
    const admin = createClient(AdminService, channel, { timeoutMs: 10_000 });
    for (let n = 0; n < 12; n++) await failure(admin.getStats({}));
    const method = "/pinwire.admin.v1.AdminService/GetStats";
    await expectOne({ kind: "method-probing", peer: clientId, count: 5, method });
  });
});

describe("malformed-input", () => {
  it("frames, or requests, that no program of ours sends", async () => {
    const { pair, expectOne } = await watched();
    for (let n = 0; n < 4; n++) {
      if (testTransport === "direct") {
        const peer = await RawDirectPeer.connect(socketOf(pair), pair.world.leaf(clientId));
        await peer.greet();
        peer.send(frame(99, 0, 1));
        await peer.closed;
      } else {
        const client = await RawH2Client.of(pair);
        expect((await client.call({ ":method": "PUT", ":path": methods.sayHello })).httpStatus).toBe(405);
      }
    }
    const code = testTransport === "direct" ? "ERR_PROTOCOL_VIOLATION" : "ERR_REQUEST_MALFORMED";
    await expectOne({ kind: "malformed-input", peer: clientId, count: 3, code });
  });

  it("messages that are not what the schema says", async () => {
    const { pair, expectOne } = await watched();
    const broken = Buffer.of(0xff, 0xff);
    if (testTransport === "direct") {
      const peer = await RawDirectPeer.connect(socketOf(pair), pair.world.leaf(clientId));
      await peer.greet();
      for (let n = 0; n < 4; n++) {
        const id = 2 * n + 1;
        peer.send(open(id, { method: methods.sayHello, sequence: n + 1 }), data(id, broken, flag.last));
        await peer.next(type.end);
      }
    } else {
      const client = await RawH2Client.of(pair);
      for (let n = 0; n < 4; n++) {
        expect((await client.call({ ":path": methods.sayHello }, framed(broken))).status).toBe(Status.INVALID_ARGUMENT);
      }
    }
    await expectOne({ kind: "malformed-input", peer: clientId, count: 3, code: "ERR_MESSAGE_MALFORMED" });
  });
});

describe("replay", () => {
  it("a call with the number of one before", async () => {
    const { pair, expectOne } = await watched();
    if (testTransport === "direct") {
      const peer = await RawDirectPeer.connect(socketOf(pair), pair.world.leaf(clientId));
      await peer.greet();
      peer.send(wholeCall(1));
      await peer.next(type.end);
      peer.send(open(3, { method: methods.sayHello, sequence: 1 }), data(3, request(), flag.last));
      await peer.closed;
      await expectOne({ kind: "replay", peer: clientId, count: 1, code: "ERR_PROTOCOL_VIOLATION" });
    } else {
      const client = await RawH2Client.of(pair);
      const envelope = encodeEnvelope({ sender: "12345678", issuedAt: Date.now(), sequence: 1 }).toString("base64");
      const call = () =>
        client.call({ ":path": methods.sayHello, "pinwire-envelope-bin": envelope }, framed(request()));
      expect((await call()).status).toBe(Status.OK);
      expect((await call()).status).toBe(Status.UNAUTHENTICATED);
      await expectOne({ kind: "replay", peer: clientId, count: 1, code: "ERR_REPLAYED_CALL" });
    }
  });

  it("a call with a time that is not now", async () => {
    const { pair, expectOne } = await watched();
    const ahead = Date.now() + 3_600_000;
    if (testTransport === "direct") {
      const peer = await RawDirectPeer.connect(socketOf(pair), pair.world.leaf(clientId));
      await peer.greet();
      peer.send(open(1, { method: methods.sayHello, sentAt: ahead }), data(1, request(), flag.last));
      await peer.next(type.end);
    } else {
      const client = await RawH2Client.of(pair);
      const envelope = encodeEnvelope({ sender: "12345678", issuedAt: ahead, sequence: 1 }).toString("base64");
      const headers = { ":path": methods.sayHello, "pinwire-envelope-bin": envelope };
      expect((await client.call(headers, framed(request()))).status).toBe(Status.UNAUTHENTICATED);
    }
    await expectOne({ kind: "replay", peer: clientId, count: 1, code: "ERR_STALE_CALL" });
  });
});

/** The peer has habits by now. */
async function settle(pair: GreeterPair): Promise<void> {
  for (let n = 0; n < 20; n++) {
    await Promise.all(Array.from({ length: 10 }, () => pair.client.sayHello({ name: "x" })));
  }
}

describe("new-method", () => {
  it.each([
    ["that is served", undefined],
    ["that fails", new RpcError(Status.NOT_FOUND, "no such thing")],
  ])("a call %s, of a peer that never made one like it", async (_, error) => {
    const collectHellos = () => {
      if (error !== undefined) throw error;
      return { greeting: "hello" };
    };
    const { pair, anomalies, expectOne } = await watched({ implementation: { collectHellos } });
    await settle(pair);
    expect(anomalies).toEqual([]);
    for (let n = 0; n < 3; n++) await pair.client.collectHellos([{ name: "x" }]).catch(() => {});
    await expectOne({ kind: "new-method", peer: clientId, count: 1, method: methods.collectHellos });
  });

  it("a call that is refused, of a peer that never made one like it", async () => {
    const policy = [allow(GreeterService, clientId), deny(GreeterService.method.collectHellos, clientId)] as const;
    const { pair, expectOne } = await watched({ server: { policy } });
    await settle(pair);
    for (let n = 0; n < 3; n++) await failure(pair.client.collectHellos([{ name: "x" }]));
    await expectOne({ kind: "new-method", peer: clientId, count: 1, method: methods.collectHellos });
  });
});

describe("unusual-size", () => {
  it("a request, or a response, far larger than any of the peer before", async () => {
    const { pair, expectOne } = await watched();
    await settle(pair);
    await pair.client.sayHello({ name: "x".repeat(100_000) });
    await pair.client.sayHello({ name: "x".repeat(100_000) });
    await expectOne({ kind: "unusual-size", peer: clientId, count: 1, method: methods.sayHello });
  });
});

describe("unusual-rate", () => {
  it("far more calls than the peer ever made", async () => {
    const real = performance.now.bind(performance);
    let ahead = 0;
    const clock = vi.spyOn(performance, "now").mockImplementation(() => real() + ahead);
    onTestFinished(() => clock.mockRestore());
    // For the server the event loop stands still whenever the clock is set.
    const { pair, anomalies, expectOne } = await watched({ server: { limits: { maxEventLoopDelayMs: 600_000 } } });
    const calls = (count: number) =>
      Promise.all(Array.from({ length: count }, () => pair.client.sayHello({ name: "x" })));
    for (let span = 0; span < 7; span++) {
      await calls(30);
      ahead += 10_001;
    }
    expect(anomalies).toEqual([]);
    for (let n = 0; n < 22; n++) await calls(50);
    await expectOne({ kind: "unusual-rate", peer: clientId, count: 1, method: methods.sayHello });
  });
});
