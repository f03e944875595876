// Calls, refusals and the life of a server, over a named pipe.
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { connect, createServer } from "node:net";
import { describe, it } from "node:test";
import { connect as connectTls } from "node:tls";
import { createClient, Status } from "pinwire";
import { connectInProcess, tempSocket } from "pinwire/testing";
import { clientId, collect, GreeterService, greeter, serverId, strangerId, World } from "./world.mjs";

// grpc-js connects by itself, and does not say why it could not.
const absent = {
  direct: { code: "ERR_NO_SOCKET", message: /^UNAVAILABLE: there is no pipe at \\\\\.\\pipe\\pinwire-/ },
  h2: { code: "ERR_CONNECT_FAILED", message: /^UNAVAILABLE: nothing accepts connections at / },
};

for (const transport of ["direct", "h2"]) {
  describe(`calls by ${transport}`, () => {
    const world = new World();

    it("all four kinds of method", async (t) => {
      await world.listening(t);
      const client = world.client(t, { transports: [transport] });
      const { greeting } = await client.sayHello({ name: "Ada" });
      assert.equal(greeting, "Hello, Ada, known to me as spiffe://local.test/cli");
      const many = await collect(client.sayManyHellos({ name: "Ada", count: 3 }));
      assert.deepEqual(many.map((response) => response.greeting).at(-1), "Hello, Ada, for time 3");
      const names = Array.from({ length: 3 }, (_, n) => ({ name: `n${n}` }));
      assert.equal((await client.collectHellos(names)).greeting, "Hello, n0 and n1 and n2");
      assert.deepEqual(
        (await collect(client.chat(names))).map((response) => response.greeting),
        ["Hello, n0", "Hello, n1", "Hello, n2"],
      );
    });

    it("a message of 3 MB there and back, and eight at once", async (t) => {
      await world.listening(t, { implementation: { ...greeter, sayHello: ({ name }) => ({ greeting: name }) } });
      const client = world.client(t, { transports: [transport] });
      const name = "x".repeat(3_000_000);
      const answers = await Promise.all(Array.from({ length: 8 }, () => client.sayHello({ name })));
      assert.ok(answers.every(({ greeting }) => greeting === name));
    });

    it("twenty clients at once, more than libuv keeps instances of a pipe ready for", async (t) => {
      await world.listening(t);
      const clients = Array.from({ length: 20 }, () => world.client(t, { transports: [transport] }));
      const answers = await Promise.all(clients.map((client) => client.sayHello({ name: "Ada" })));
      assert.ok(answers.every(({ greeting }) => greeting.startsWith("Hello, Ada")));
    });

    it("a server that starts again is found again", async (t) => {
      const first = await world.listening(t);
      const client = world.client(t, { transports: [transport] });
      await client.sayHello({ name: "Ada" });
      await first.close();
      await assert.rejects(client.sayHello({ name: "Ada" }), absent[transport]);
      await world.listening(t);
      await client.sayHello({ name: "Ada" }, { waitForReady: true });
    });

    it("a drained server ends the calls under way first", async (t) => {
      const calls = new EventEmitter();
      const sayHello = async ({ name }) => {
        calls.emit("entered");
        await once(calls, "leave");
        return { greeting: name };
      };
      const server = await world.listening(t, { implementation: { ...greeter, sayHello } });
      const client = world.client(t, { transports: [transport] });
      const entered = once(calls, "entered");
      const call = client.sayHello({ name: "Ada" });
      await entered;
      const drained = server.drain();
      calls.emit("leave");
      assert.equal((await call).greeting, "Ada");
      await drained;
    });
  });
}

describe("who may talk", () => {
  it("not a server under another CA, another identity or with another key", async (t) => {
    const impostors = {
      ERR_UNKNOWN_ISSUER: () => new World().ca.credentials(serverId, clientId),
      ERR_UNEXPECTED_IDENTITY: (ca) => ca.credentials(strangerId, clientId),
      ERR_NOT_PINNED: (ca) => ca.credentials(serverId, clientId),
    };
    for (const [code, credentials] of Object.entries(impostors)) {
      const world = new World();
      await world.listening(t, { credentials: credentials(world.ca) });
      const pinned = code === "ERR_NOT_PINNED" ? strangerId : serverId;
      const client = world.client(t, { credentials: world.ca.credentials(clientId, pinned) });
      await assert.rejects(client.sayHello({ name: "Ada" }), { code, status: Status.UNAUTHENTICATED });
    }
  });

  it("not a client that is not pinned", async (t) => {
    const world = new World();
    await world.listening(t);
    const client = world.client(t, { credentials: world.ca.credentials(strangerId, serverId) });
    const refusal = {
      code: "ERR_REFUSED_BY_PEER",
      message: /the server refuses us; its log says why under [0-9a-f]{12}$/,
    };
    await assert.rejects(client.sayHello({ name: "Ada" }), refusal);
    assert.deepEqual(world.reasons(), ["ERR_NOT_PINNED"]);
  });

  it("not a client without a certificate, nor one without TLS", async (t) => {
    const world = new World();
    await world.listening(t);
    const raw = connect(world.path);
    const tls = connectTls({ socket: raw, rejectUnauthorized: false, ALPNProtocols: ["h2"] });
    tls.resume();
    await once(tls, "close");
    const plain = connect(world.path, () => plain.write("GET / HTTP/1.1\r\n\r\n"));
    plain.resume();
    await once(plain, "close");
    assert.deepEqual(world.reasons(), ["ERR_NO_CERTIFICATE", "ERR_PROTOCOL_VERSION"]);
  });

  it("nobody whom the policy does not name", async (t) => {
    const world = new World();
    await world.listening(t, { credentials: world.ca.credentials(serverId, strangerId) });
    const client = world.client(t, { credentials: world.ca.credentials(strangerId, serverId) });
    await assert.rejects(client.sayHello({ name: "Ada" }), { status: Status.PERMISSION_DENIED });
  });
});

describe("a name", () => {
  it("is taken once", async (t) => {
    const world = new World();
    await world.listening(t);
    if (await hasTwoOwners(world.path)) return t.skip("this Wine lets two servers have one name");
    const problem = `the pipe ${world.target} exists already`;
    await assert.rejects(world.server(t).listen(world.target), { code: "ERR_ADDRESS_IN_USE", problem });
  });

  it("of a Unix socket is refused", async (t) => {
    const problem = "unix:/run/app.sock cannot be used on win32";
    const refusal = { code: "ERR_UNSUPPORTED_PLATFORM", problem };
    await assert.rejects(new World().server(t).listen("unix:/run/app.sock"), refusal);
  });

  it("is not needed in the tests of an application", async (t) => {
    const world = new World();
    const server = world.server(t);
    const channel = connectInProcess(server, { credentials: world.ca.credentials(clientId, serverId), peer: serverId });
    t.after(() => channel.close());
    const { greeting } = await createClient(GreeterService, channel, { timeoutMs: 10_000 }).sayHello({ name: "Ada" });
    assert.match(greeting, /^Hello, Ada/);
  });

  it("is made up by tempSocket()", async (t) => {
    const world = new World();
    world.target = tempSocket().address;
    await world.listening(t);
    await world.client(t).sayHello({ name: "Ada" });
  });
});

async function hasTwoOwners(path) {
  const second = createServer();
  return new Promise((resolve) => {
    second.once("error", () => resolve(false));
    second.listen(path, () => second.close(() => resolve(true)));
  });
}
