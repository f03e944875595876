// AUTH-01: with everything right, the call succeeds and the principal is the SPIFFE ID, in the handler and in the log.
import { expect, it } from "vitest";
import { GreeterPair, greeter } from "../helpers/greeter-pair.js";
import { clientId } from "../helpers/identities.js";

it("AUTH-01: a valid peer is known by its SPIFFE ID", async () => {
  let seen = "";
  const pair = await GreeterPair.start({
    implementation: {
      sayHello: (request, context) => {
        seen = context.peer.id.toString();
        return greeter.sayHello(request, context);
      },
    },
  });
  await pair.client.sayHello({ name: "Ada" });
  expect(seen).toBe(clientId);
  expect(await pair.log.find(({ event }) => event === "call")).toMatchObject({
    level: "debug",
    peer: clientId,
    pin: pair.world.pinOf(clientId).short,
    method: "/hello.v1.GreeterService/SayHello",
    protocol: "pinwire/1",
    status: "OK",
  });
});
