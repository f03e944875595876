import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { RpcError, Status } from "pinwire";
import { clientOf, World } from "./world.js";

describe("greeter.v1.GreeterService", () => {
  let world: World;
  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  it("says hello, and knows to whom", async () => {
    await using client = await clientOf(world, "user");
    const { greeting } = await client.sayHello({ name: "Ada" });
    assert.equal(greeting, "Hello, Ada, known to me as spiffe://local.test/user");
  });

  it("says it as often as it is asked to", async () => {
    await using client = await clientOf(world, "user");
    const greetings: string[] = [];
    for await (const { greeting } of client.sayManyHellos({ name: "Ada", count: 2 })) greetings.push(greeting);
    assert.deepEqual(greetings, ["Hello, Ada, for time 1", "Hello, Ada, for time 2"]);
  });

  it("does not answer who does not hold the role that the schema names", async () => {
    await using client = await clientOf(world, "stranger");
    await assert.rejects(client.sayHello({ name: "Eve" }), (error) => {
      return error instanceof RpcError && error.status === Status.PERMISSION_DENIED;
    });
  });
});
