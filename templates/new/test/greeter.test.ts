import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { RpcError, Status } from "pinwire";
import { connectInProcess, createTestCa } from "pinwire/testing";
import { createGreeterClient, type GreeterClient } from "../src/gen/greeter/v1/greeter_pinwire.js";
import { makeServer } from "../src/make-server.js";

const server = "spiffe://local.test/greeter";
const user = "spiffe://local.test/user";
const stranger = "spiffe://local.test/stranger";

describe("greeter.v1.GreeterService", () => {
  it("says hello, and knows to whom", async () => {
    const { greeting } = await connect(user).sayHello({ name: "Ada" });
    assert.equal(greeting, `Hello, Ada, known to me as ${user}`);
  });

  it("says it as often as it is asked to", async () => {
    const greetings: string[] = [];
    for await (const { greeting } of connect(user).sayManyHellos({ name: "Ada", count: 2 })) greetings.push(greeting);
    assert.deepEqual(greetings, ["Hello, Ada, for time 1", "Hello, Ada, for time 2"]);
  });

  it("does not answer who does not hold the role that the schema names", async () => {
    await assert.rejects(connect(stranger).sayHello({ name: "Eve" }), (error) => {
      return error instanceof RpcError && error.status === Status.PERMISSION_DENIED;
    });
  });
});

// Identities that exist in memory only, and both ends in this process: certificates, pins and policy as in earnest.
const ca = createTestCa();
const running = makeServer({ credentials: ca.credentials(server, user, stranger), users: [user] });
after(() => running.close());

function connect(id: string): GreeterClient {
  const channel = connectInProcess(running, { credentials: ca.credentials(id, server), peer: server });
  after(() => channel.close());
  return createGreeterClient(channel, { timeoutMs: 10_000 });
}
