import { describe, expect, it } from "vitest";
import { PeerError } from "../../../src/errors.js";
import { GreeterService } from "../../../src/gen/hello/v1/greeter_pb.js";
import { allow } from "../../../src/interceptors/policy.js";
import { createServer } from "../../../src/server/server.js";
import { Status } from "../../../src/status.js";
import { collect, failure } from "../../helpers/collect.js";
import { GreeterPair, greeter, testTransport } from "../../helpers/greeter-pair.js";
import { clientId } from "../../helpers/identities.js";
import { sentOnce } from "../../helpers/sent-once.js";

/** A pair whose server does not listen yet. */
function silentPair(client = {}): GreeterPair {
  return new GreeterPair({ client: { serviceConfig: sentOnce, ...client } });
}

describe("a call that finds no connection", () => {
  it("fails at once with the reason", async () => {
    const { client } = silentPair();
    const error = await failure(client.collectHellos([{ name: "x" }]));
    expect(error).toMatchObject({ status: Status.UNAVAILABLE, code: "ERR_NO_SOCKET" });
    expect(error.cause).toBeInstanceOf(PeerError);
  });

  it("with waitForReady waits for one, whatever its method and its kind", async () => {
    const pair = silentPair();
    const options = { waitForReady: true };
    const first = await failure(pair.client.sayHello({ name: "x" }));
    expect(first.code).toBe("ERR_NO_SOCKET");
    const calls = Promise.all([
      pair.client.sayHello({ name: "Ada" }, options),
      collect(pair.client.sayManyHellos({ name: "Ada", count: 2 }, options)),
      pair.client.collectHellos([{ name: "Ada" }, { name: "Bob" }], options),
      collect(pair.client.chat([{ name: "Ada" }, { name: "Bob" }], options)),
    ]);
    await pair.server.listen(pair.target);
    const [one, many, collected, chat] = await calls;
    expect(one.greeting).toContain("Ada");
    expect(many).toHaveLength(2);
    expect(collected).toMatchObject({ greeting: "Hello, Ada and Bob", count: 2 });
    expect(chat.map(({ greeting }) => greeting)).toEqual(["Hello, Ada", "Hello, Bob"]);
  });

  it("waits by the service config too, unless the call says otherwise", async () => {
    const waiting = { methodConfig: [{ name: [{}], waitForReady: true, retryPolicy: "none" }] } as const;
    const pair = silentPair({ serviceConfig: waiting });
    expect(await failure(pair.client.sayHello({ name: "x" }, { waitForReady: false }))).toMatchObject({
      code: "ERR_NO_SOCKET",
    });
    const call = pair.client.sayHello({ name: "Ada" });
    await pair.server.listen(pair.target);
    expect((await call).greeting).toContain("Ada");
  });

  it("waits no longer than its deadline, and then says what it waited for", async () => {
    const { client } = silentPair();
    const error = await failure(client.sayHello({ name: "x" }, { waitForReady: true, timeoutMs: 150 }));
    // grpc-js does not say whether the last attempt has found a connection.
    expect(error.attempts).toBeLessThanOrEqual(testTransport === "h2" ? 1 : 0);
    expect(error).toMatchObject({ status: Status.DEADLINE_EXCEEDED, notRetried: "deadline" });
    expect(error.cause).toMatchObject({ code: "ERR_NO_SOCKET" });
  });

  it("does not wait for a server that is somebody else", async () => {
    const pair = await GreeterPair.start();
    const other = pair.newClient({ peer: "spiffe://local.test/other", serviceConfig: sentOnce });
    const error = await failure(other.sayHello({ name: "x" }, { waitForReady: true }));
    expect(error).toMatchObject({ status: Status.UNAUTHENTICATED });
  });

  it("leaves when its caller does", async () => {
    const { client } = silentPair();
    const cancel = new AbortController();
    const call = failure(client.sayHello({ name: "x" }, { waitForReady: true, signal: cancel.signal }));
    await failure(client.sayHello({ name: "x" }));
    cancel.abort();
    expect(await call).toMatchObject({ status: Status.CANCELLED });
  });

  it("ends when its channel is closed", async () => {
    const { client } = silentPair();
    const call = failure(client.sayHello({ name: "x" }, { waitForReady: true }));
    await failure(client.sayHello({ name: "x" }));
    await client.close();
    expect(await call).toMatchObject({ status: Status.CANCELLED, code: "ERR_CHANNEL_CLOSED" });
  });

  it("finds the successor of a server that has left", async () => {
    const pair = await GreeterPair.start({ client: { serviceConfig: sentOnce } });
    await pair.client.sayHello({ name: "x" });
    await pair.server.close();
    const call = pair.client.collectHellos([{ name: "Ada" }], { waitForReady: true });
    const successor = createServer({
      credentials: pair.serverCredentials,
      policy: [allow(GreeterService, clientId)],
      logger: pair.log,
    });
    successor.service(GreeterService, greeter);
    await successor.listen(pair.target);
    try {
      expect((await call).greeting).toBe("Hello, Ada");
    } finally {
      await successor.close();
    }
  });
});
