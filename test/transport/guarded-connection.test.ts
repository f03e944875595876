import { describe, expect, it } from "vitest";
import type { CredentialState } from "../../src/credentials/credential-state.js";
import { RevocationSet } from "../../src/identity/revocation-set.js";
import { TrustBundle } from "../../src/identity/trust-bundle.js";
import { TrustDomain } from "../../src/identity/trust-domain.js";
import { constantSource, type Source } from "../../src/source.js";
import { GuardedConnection } from "../../src/transport/guarded-connection.js";
import type { SecureConnection } from "../../src/transport/secure-connection.js";
import { clientId, serverId, World } from "../helpers/identities.js";
import { mintCa } from "../helpers/mint.js";
import { closed, echoed, SecurePair, type SecurePairOptions, socketClosed } from "../helpers/secure-pair.js";

const otherId = "spiffe://local.test/other";

describe("a connection", () => {
  it("survives a change that is not about its peer or its own identity", async () => {
    const { pair, client, server } = await connectedPair();
    const events = record(server);
    pair.serverCredentials.set(pair.world.credentials(serverId, clientId, otherId));
    server.assertTrusted();
    await echoed(client.socket, "still there");
    expect(events).toEqual([]);
    // The dialer and the listener made theirs with different credentials, and the next one is made with newer ones.
    await pair.dial();
    const next = await pair.accepted.next();
    expect(next.generation).toBeGreaterThan(server.generation);
  });

  it("says why it closed when the peer ended it, which is no reason", async () => {
    const { client, server } = await connectedPair();
    const end = closed(server);
    client.socket.end();
    expect(await end).toBeUndefined();
    expect(await closed(server)).toBeUndefined();
  });

  it("keeps the first reason of several", async () => {
    const { server } = await connectedPair();
    const reason = new Error("first");
    server.destroy(reason);
    server.destroy(new Error("second"));
    expect(await closed(server)).toBe(reason);
  });

  describe("is cut at once", () => {
    it.each<[string, (state: CredentialState, world: World) => CredentialState, string, string]>([
      [
        "when the peer's pin is withdrawn",
        (state, world) => ({ ...state, pins: world.credentials(serverId, otherId).pins }),
        "ERR_NOT_PINNED",
        `the peer's certificate is refused: ${clientId} is not pinned`,
      ],
      [
        "when the peer's pin is another",
        (state) => ({ ...state, pins: new World().credentials(serverId, clientId).pins }),
        "ERR_PIN_MISMATCH",
        "is not one pinned for",
      ],
      [
        "when the peer's certificate is revoked",
        (state, world) => ({ ...state, revoked: RevocationSet.of([world.leaf(clientId).certificate]) }),
        "ERR_REVOKED",
        "it was revoked",
      ],
      [
        "when the peer's issuer is dropped",
        (state) => ({ ...state, bundle: TrustBundle.fromPem(TrustDomain.parse("local.test"), mintCa().pem) }),
        "ERR_UNKNOWN_ISSUER",
        "",
      ],
    ])("%s", async (_, change, code, message) => {
      const { pair, client, server } = await connectedPair();
      const events = record(server);
      pair.serverCredentials.set(change(pair.serverCredentials.current(), pair.world));
      expect(() => server.assertTrusted()).toThrow(expect.objectContaining({ code }));
      expect(server.socket.destroyed).toBe(true);
      expect(await closed(server)).toMatchObject({ code, message: expect.stringContaining(message) });
      await socketClosed(client.socket);
      expect(events).toEqual(["close"]);
      expect(pair.listener.connections.size).toBe(0);
    });

    it("at the client too, when the server's pin is withdrawn", async () => {
      const { pair, client } = await connectedPair();
      pair.clientCredentials.set(pair.world.credentials(clientId, otherId));
      expect(() => client.assertTrusted()).toThrow(expect.objectContaining({ code: "ERR_NOT_PINNED" }));
      expect(await closed(client)).toMatchObject({ code: "ERR_NOT_PINNED" });
    });

    it("at the next call, by a source that says nothing of a change", async () => {
      const { pair, server } = await connectedPair();
      let state = pair.serverCredentials.current();
      const silent: Source<CredentialState> = {
        current: () => state,
        onChange: () => constantSource(0).onChange(() => {}),
      };
      const guarded = guardAgain(server, { credentials: silent, madeWith: state });
      guarded.assertTrusted();
      state = { ...state, pins: pair.world.credentials(serverId, otherId).pins };
      expect(() => guarded.assertTrusted()).toThrow(expect.objectContaining({ code: "ERR_NOT_PINNED" }));
    });
  });

  describe("is retired: it works on, and ends after the grace", () => {
    it("when our own certificate was replaced", async () => {
      const { pair, client, server } = await connectedPair({ retireGraceMs: 300 });
      const events = record(server);
      const world = new World();
      const renewed = { ...pair.serverCredentials.current(), svid: world.credentials(serverId).svid };
      pair.serverCredentials.set(renewed);
      expect(events).toEqual(["retire"]);
      server.assertTrusted();
      await echoed(client.socket, "finishing");
      expect(await closed(server)).toMatchObject({
        code: "ERR_SHUTTING_DOWN",
        rawMessage: "the connection was replaced, because the credentials changed or are about to expire",
      });
      expect(events).toEqual(["retire", "close"]);
    });

    it("when the authorities were replaced and the peer's is still among them", async () => {
      const { pair, server } = await connectedPair();
      const events = record(server);
      const state = pair.serverCredentials.current();
      const bundle = TrustBundle.fromPem(TrustDomain.parse("local.test"), pair.world.ca.pem + mintCa().pem);
      pair.serverCredentials.set({ ...state, bundle });
      server.assertTrusted();
      expect(events).toEqual(["retire"]);
    });

    it("but not when they were only read again", async () => {
      const { pair, server } = await connectedPair();
      const events = record(server);
      const before = pair.serverCredentials.current();
      pair.serverCredentials.set(pair.world.credentials(serverId, clientId));
      expect(pair.serverCredentials.current().svid).not.toBe(before.svid);
      expect(events).toEqual([]);
    });

    it("at once, when the credentials were replaced during the handshake", async () => {
      const { pair, server } = await connectedPair();
      const madeWith = new World().credentials(serverId, clientId);
      const guarded = guardAgain(server, { credentials: pair.serverCredentials, madeWith });
      expect(record(guarded)).toEqual(["retire"]);
    });
  });

  describe("when the peer's certificate expires", () => {
    it("is retired before and cut then", async () => {
      const { pair, server } = await connectedPair();
      const start = performance.now();
      const lifetimeMs = 400;
      const now = () => server.peer.notAfter - lifetimeMs + performance.now() - start;
      const guarded = guardAgain(server, { credentials: pair.serverCredentials, now });
      const events = record(guarded);
      guarded.assertTrusted();
      expect(await closed(guarded)).toMatchObject({
        code: "ERR_CERTIFICATE_EXPIRED",
        message: `the certificate of ${clientId} expired at ${new Date(server.peer.notAfter).toISOString()}`,
        facts: { peerId: clientId, pin: pair.world.pinOf(clientId).toString() },
      });
      expect(events).toEqual(["retire", "close"]);
    });

    it("is cut by the first call after that, should the timer be late", async () => {
      const { pair, server } = await connectedPair();
      let time = server.peer.notAfter - 1;
      const guarded = guardAgain(server, { credentials: pair.serverCredentials, now: () => time });
      guarded.assertTrusted();
      time++;
      const expired = expect.objectContaining({ code: "ERR_CERTIFICATE_EXPIRED" });
      expect(() => guarded.assertTrusted()).toThrow(expired);
      expect(() => guarded.assertTrusted()).toThrow(expired);
      expect(await closed(guarded)).toEqual(expired);
    });
  });

  it("leaves no timer and no subscription behind", async () => {
    const { pair, client, server } = await connectedPair();
    let subscriptions = 0;
    const counted: Source<CredentialState> = {
      current: () => pair.serverCredentials.current(),
      onChange: (listener) => {
        const subscription = pair.serverCredentials.onChange(listener);
        subscriptions++;
        return {
          [Symbol.dispose]() {
            subscription[Symbol.dispose]();
            subscriptions--;
          },
        };
      },
    };
    const guarded = guardAgain(server, { credentials: counted });
    expect(subscriptions).toBe(1);
    client.socket.destroy();
    await closed(guarded);
    expect(subscriptions).toBe(0);
  });
});

async function connectedPair(options: SecurePairOptions = {}) {
  const pair = await SecurePair.start(options);
  const client = await pair.dial();
  return { pair, client, server: await pair.accepted.next() };
}

/** Another guard over the same connection, with some things different. */
function guardAgain(
  { socket, peer, protocol }: SecureConnection,
  options: { credentials: Source<CredentialState>; madeWith?: CredentialState; now?: () => number },
): GuardedConnection {
  const madeWith = options.credentials.current();
  const rest = { role: "client", retireGraceMs: 60_000, now: Date.now, madeWith } as const;
  return new GuardedConnection({ socket, peer, protocol, ...rest, ...options });
}

function record(connection: SecureConnection): string[] {
  const events: string[] = [];
  connection.onRetire(() => events.push("retire"));
  connection.onClose(() => events.push("close"));
  return events;
}
