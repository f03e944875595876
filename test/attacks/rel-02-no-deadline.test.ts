// REL-02: a caller that names no deadline gets the server's; one that names an absurd one gets no more.
import { describe, expect, it } from "vitest";
import { Status } from "../../src/status.js";
import { GreeterPair } from "../helpers/greeter-pair.js";
import { clientId } from "../helpers/identities.js";
import { framed, RawH2Client } from "../helpers/raw-h2-client.js";

describe("REL-02: no deadline", () => {
  for (const [what, headers] of Object.entries({ "none at all": {}, "a hundred hours": { "grpc-timeout": "100H" } })) {
    it(`${what}: the server's limit applies`, async () => {
      const pair = await GreeterPair.start({
        server: { maxTimeoutMs: 100 },
        implementation: { sayHello: () => new Promise(() => {}) },
      });
      const raw = await RawH2Client.connect(pair.target.slice("unix:".length), pair.world.leaf(clientId));
      const path = "/hello.v1.GreeterService/SayHello";
      expect(await raw.call({ ":path": path, ...headers }, framed(Buffer.alloc(0)))).toMatchObject({
        status: Status.DEADLINE_EXCEEDED,
        message: "the deadline of the call has passed",
      });
    });
  }
});
