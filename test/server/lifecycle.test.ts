import { existsSync, rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createClient } from "../../src/client/client.js";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { allow } from "../../src/interceptors/policy.js";
import { createServer } from "../../src/server/server.js";
import type { ServerSettings } from "../../src/server/server-options.js";
import { constantSource } from "../../src/source.js";
import { Status } from "../../src/status.js";
import { collect, failure, signalled } from "../helpers/collect.js";
import { GreeterPair, greeter } from "../helpers/greeter-pair.js";
import { clientId, serverId, World } from "../helpers/identities.js";

const pathOf = ({ target }: GreeterPair) => target.slice("unix:".length);

/** A call whose handler never ends, under way. */
async function hanging(server: Partial<ServerSettings> = {}) {
  const started = signalled();
  const pair = await GreeterPair.start({
    server,
    implementation: {
      sayHello: () => {
        started.resolve();
        return new Promise(() => {});
      },
    },
  });
  const call = failure(pair.client.sayHello({ name: "x" }));
  await started.promise;
  return { pair, call };
}

describe("drain()", () => {
  it("lets calls under way finish, takes no more, and removes the socket", async () => {
    const started = signalled();
    const proceed = signalled();
    const pair = await GreeterPair.start({
      implementation: {
        sayHello: async () => {
          started.resolve();
          await proceed.promise;
          return { greeting: "finished" };
        },
      },
    });
    const call = pair.client.sayHello({ name: "x" });
    await started.promise;
    const drained = pair.server.drain();
    expect(await failure(pair.newClient().sayHello({ name: "late" }))).toMatchObject({ status: Status.UNAVAILABLE });
    proceed.resolve();
    expect((await call).greeting).toBe("finished");
    await drained;
    expect(existsSync(pathOf(pair))).toBe(false);
  });

  it("cuts off what does not finish in time", async () => {
    const pair = await GreeterPair.start({
      server: { drainTimeoutMs: 50 },
      implementation: { sayHello: () => new Promise(() => {}) },
    });
    const call = failure(pair.client.sayHello({ name: "x" }));
    await failure(pair.client.sayHello({ name: "y" }, { timeoutMs: 50 }));
    await pair.server.drain();
    expect(await call).toMatchObject({ status: Status.UNAVAILABLE });
  });

  it("ends with close(), which does not wait for it", async () => {
    const { pair, call } = await hanging({ drainTimeoutMs: 2_000_000_000 });
    const drained = pair.server.drain();
    await pair.server.close();
    await drained;
    expect(await call).toMatchObject({ status: Status.UNAVAILABLE });
  });

  it("is quick when nobody calls", async () => {
    const pair = await GreeterPair.start();
    await pair.client.sayHello({ name: "x" });
    await pair.server.drain();
    expect(await failure(pair.client.sayHello({ name: "x" }))).toMatchObject({
      status: Status.UNAVAILABLE,
      code: "ERR_NO_SOCKET",
    });
  });
});

describe("close()", () => {
  it("ends calls under way with UNAVAILABLE, and can be called twice", async () => {
    const { pair, call } = await hanging();
    await Promise.all([pair.server.close(), pair.server.close()]);
    expect(await call).toMatchObject({ status: Status.UNAVAILABLE });
    await expect(pair.server.listen(pair.target)).rejects.toMatchObject({ code: "ERR_SERVER_CLOSED" });
  });
});

describe("a client", () => {
  it("connects again by itself after its server was replaced", async () => {
    const pair = await GreeterPair.start();
    await pair.client.sayHello({ name: "x" });
    await pair.server.close();
    const successor = createServer({ credentials: pair.serverCredentials, policy: [allow(GreeterService, clientId)] });
    successor.service(GreeterService, greeter);
    await successor.listen(pair.target);
    await using _ = successor;
    for (;;) {
      const outcome = await pair.client.sayHello({ name: "again" }).catch((error: unknown) => error);
      if ("greeting" in (outcome as object)) break;
      expect(outcome).toMatchObject({ status: Status.UNAVAILABLE });
      await new Promise((resolve) => setImmediate(resolve));
    }
  });

  it("fails at once when nothing is there, and says why", async () => {
    const pair = new GreeterPair();
    const error = await failure(pair.client.sayHello({ name: "x" }));
    expect(error).toMatchObject({ status: Status.UNAVAILABLE, code: "ERR_NO_SOCKET", cause: { name: "PeerError" } });
    expect(error.message).toContain(pathOf(pair));
  });

  it("refuses calls after close()", async () => {
    const pair = await GreeterPair.start();
    const client = pair.newClient();
    await client.sayHello({ name: "x" });
    await client.close();
    const expected = { status: Status.CANCELLED, code: "ERR_CHANNEL_CLOSED" };
    expect(await failure(client.sayHello({ name: "x" }))).toMatchObject(expected);
    expect(await failure(client.sayManyHellos({ name: "x" }))).toMatchObject(expected);
    await client.close();
  });

  it("cancels what is under way when it is closed", async () => {
    const started = signalled();
    const pair = await GreeterPair.start({
      implementation: {
        sayHello: () => {
          started.resolve();
          return new Promise(() => {});
        },
      },
    });
    const client = pair.newClient();
    const call = failure(client.sayHello({ name: "x" }));
    await started.promise;
    await client.close();
    expect(await call).toMatchObject({ code: "ERR_CHANNEL_CLOSED" });
  });

  it("survives a socket file that is deleted while it serves (UDS-10)", async () => {
    const pair = await GreeterPair.start();
    await pair.client.sayHello({ name: "x" });
    rmSync(pathOf(pair));
    expect((await pair.client.sayHello({ name: "still" })).greeting).toContain("still");
    expect(await failure(pair.newClient().sayHello({ name: "new" }))).toMatchObject({ code: "ERR_NO_SOCKET" });
  });
});

describe("misuse is found at the call", () => {
  const world = new World();
  const credentials = constantSource(world.credentials(serverId, clientId));
  const policy = [allow(GreeterService, clientId)] as const;

  it("a server without a policy", () => {
    expect(() => createServer({ credentials } as never)).toThrowError(
      expect.objectContaining({ name: "UsageError", code: "ERR_NO_POLICY" }),
    );
    expect(() => createServer({ credentials, policy: [] as never })).toThrow(/the policy allows nothing/);
    expect(() => allow(GreeterService)).toThrow(/names nobody; give at least one SPIFFE ID/);
    expect(() => allow(GreeterService, "spiffe://Local.test/cli")).toThrowError(
      expect.objectContaining({ code: "ERR_INVALID_SPIFFE_ID" }),
    );
  });

  it("a client that names no server, or has no credentials", () => {
    const options = { credentials, target: "unix:/run/x.sock", peer: serverId, timeoutMs: 1_000 };
    for (const peer of [undefined, null, 7]) {
      expect(() => createClient(GreeterService, { ...options, peer } as never)).toThrowError(
        expect.objectContaining({ name: "UsageError", code: "ERR_NO_PEER" }),
      );
    }
    for (const nothing of [undefined, null, {}, "insecure"]) {
      const without = { ...options, credentials: nothing } as never;
      expect(() => createClient(GreeterService, without)).toThrowError(
        expect.objectContaining({ code: "ERR_NO_CREDENTIALS" }),
      );
      expect(() => createServer({ credentials: nothing, policy } as never)).toThrowError(
        expect.objectContaining({ code: "ERR_NO_CREDENTIALS" }),
      );
    }
    const other = process.platform === "win32" ? "unix:/run/x.sock" : "npipe:x";
    expect(() => createClient(GreeterService, { ...options, target: other })).toThrowError(
      expect.objectContaining({ code: "ERR_UNSUPPORTED_PLATFORM" }),
    );
  });

  it("an option that does not exist, or is out of range", () => {
    expect(() => createServer({ credentials, policy, maxTimeout: 1 } as never)).toThrow(/has no option "maxTimeout"/);
    for (const bad of [
      { maxMessageBytes: 0 },
      { maxConnections: 1.5 },
      { drainTimeoutMs: Number.NaN },
      { maxTimeoutMs: 2 ** 31 },
    ]) {
      expect(() => createServer({ credentials, policy, ...bad })).toThrowError(
        expect.objectContaining({ code: "ERR_INVALID_OPTION" }),
      );
    }
  });

  it("a service added twice, too late, or with the wrong handlers", async () => {
    const pair = new GreeterPair();
    expect(() => pair.server.service(GreeterService, greeter)).toThrowError(
      expect.objectContaining({
        code: "ERR_SERVICE_REGISTERED_TWICE",
        message: "hello.v1.GreeterService has already been added to this server",
      }),
    );
    const { chat: _chat, ...incomplete } = greeter;
    expect(() => createServer({ credentials, policy }).service(GreeterService, incomplete as never)).toThrow(
      "hello.v1.GreeterService has a method chat(), but the implementation has none",
    );
    const surplus = { ...greeter, sayHelo: () => ({ greeting: "" }) };
    expect(() => createServer({ credentials, policy }).service(GreeterService, surplus)).toThrow(
      "the implementation has sayHelo(), but hello.v1.GreeterService has no such method",
    );
    await pair.server.listen(pair.target);
    expect(() => pair.server.service(GreeterService, greeter)).toThrowError(
      expect.objectContaining({ code: "ERR_SERVER_STARTED" }),
    );
  });

  it("takes the methods of a class", async () => {
    class Greeter {
      readonly #word = "Hi";
      sayHello = ({ name }: { name: string }) => ({ greeting: `${this.#word}, ${name}` });
      async *sayManyHellos() {
        yield { greeting: this.#word };
      }
      collectHellos = async () => ({ greeting: this.#word, count: 0 });
      async *chat() {
        yield { greeting: this.#word };
      }
    }
    const pair = new GreeterPair();
    await using server = createServer({ credentials: pair.serverCredentials, policy });
    server.service(GreeterService, new Greeter());
    await server.listen(pair.target);
    expect((await pair.client.sayHello({ name: "x" })).greeting).toBe("Hi, x");
    expect(await collect(pair.client.sayManyHellos({ name: "x" }))).toMatchObject([{ greeting: "Hi" }]);
  });

  it("a second server on the same path, which harms neither", async () => {
    const pair = await GreeterPair.start();
    const second = createServer({ credentials: pair.serverCredentials, policy: [...policy] });
    second.service(GreeterService, greeter);
    await expect(second.listen(pair.target)).rejects.toMatchObject({ name: "ConfigError", code: "ERR_ADDRESS_IN_USE" });
    await second.close();
    expect((await pair.client.sayHello({ name: "x" })).greeting).toContain("x");
  });
});
