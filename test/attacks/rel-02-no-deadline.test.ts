// REL-02: a caller that names no deadline gets the server's; one that names an absurd one gets no more.
import { describe, expect, it } from "vitest";
import { Status } from "../../src/status.js";
import { GreeterPair } from "../helpers/greeter-pair.js";
import { clientId, serverId } from "../helpers/identities.js";
import { framed, RawH2Client } from "../helpers/raw-h2-client.js";

describe("REL-02: no deadline", () => {
  for (const [what, headers] of Object.entries({ "none at all": {}, "a hundred hours": { "grpc-timeout": "100H" } })) {
    it(`${what}: the server's limit applies`, async () => {
      const pair = await GreeterPair.start({
        server: { maxTimeoutMs: 100 },
        implementation: { sayHello: () => new Promise(() => {}) },
      });
      const raw = await RawH2Client.of(pair);
      const path = "/hello.v1.GreeterService/SayHello";
      expect(await raw.call({ ":path": path, ...headers }, framed(Buffer.alloc(0)))).toMatchObject({
        status: Status.DEADLINE_EXCEEDED,
        message: "the deadline of the call has passed",
      });
    });
  }
});

describe("REL-02: a deadline that is none", () => {
  const path = "/hello.v1.GreeterService/";
  /** How a call ends whose `grpc-timeout` is this, and how often a handler ran. */
  async function called(timeout: string, method: string) {
    let handled = 0;
    const pair = await GreeterPair.start({
      implementation: {
        sayHello: () => {
          handled += 1;
          return {};
        },
        collectHellos: async () => {
          handled += 1;
          return {};
        },
      },
    });
    const raw = await RawH2Client.of(pair);
    const { status, message } = await raw.call(
      { ":path": path + method, "grpc-timeout": timeout },
      framed(Buffer.alloc(0)),
    );
    const record = await pair.log.find(({ event }) => event === "call");
    return { status, message, handled, code: record.code };
  }

  for (const method of ["SayHello", "CollectHellos"]) {
    for (const timeout of ["-1S", "1 S", "1.5S", "123456789S", "10", "S", "1s", "abc", "1S, 1S"]) {
      it(`${timeout} for ${method} is refused, logged, and reaches no handler`, async () => {
        expect(await called(timeout, method)).toEqual({
          status: Status.INTERNAL,
          message: "the request is not valid gRPC",
          handled: 0,
          code: "ERR_MESSAGE_MALFORMED",
        });
      });
    }

    for (const timeout of ["0S", "0n"]) {
      it(`${timeout} for ${method} is over before a handler runs`, async () => {
        expect(await called(timeout, method)).toEqual({
          status: Status.DEADLINE_EXCEEDED,
          message: "the deadline of the call has passed",
          handled: 0,
          code: "ERR_RPC_DEADLINE_EXCEEDED",
        });
      });
    }

    for (const timeout of ["597H", "99999999H"]) {
      it(`${timeout} for ${method} is granted up to the server's limit`, async () => {
        expect(await called(timeout, method)).toMatchObject({ status: Status.OK, handled: 1 });
      });
    }
  }

  it("is told to nobody who may not call at all", async () => {
    const pair = await GreeterPair.start();
    pair.serverCredentials.set(pair.world.credentials(serverId, clientId, "spiffe://local.test/stranger"));
    const leaf = pair.world.leaf("spiffe://local.test/stranger");
    const raw = await RawH2Client.connect(pair.target.slice("unix:".length), leaf);
    const answer = await raw.call({ ":path": `${path}SayHello`, "grpc-timeout": "-1S" }, framed(Buffer.alloc(0)));
    expect(answer.status).toBe(Status.PERMISSION_DENIED);
  });
});
