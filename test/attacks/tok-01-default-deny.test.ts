// TOK-01: what no rule allows is denied, whatever it is: a method, a method that does not exist, health, reflection; and who
// is denied learns nothing about what there is.
import { describe, expect, it } from "vitest";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { allow } from "../../src/interceptors/policy.js";
import { Status } from "../../src/status.js";
import { GreeterPair } from "../helpers/greeter-pair.js";
import { clientId } from "../helpers/identities.js";
import { allowing, PolicyFiles } from "../helpers/policy-files.js";
import { RawDirectPeer } from "../helpers/raw-direct-peer.js";
import { RawH2Client } from "../helpers/raw-h2-client.js";
import { pathOf } from "../helpers/servers.js";
import { withPolicy } from "../helpers/with-policy.js";

const sayHello = "/hello.v1.GreeterService/SayHello";
const denied = [
  ...GreeterService.methods
    .filter(({ name }) => name !== "SayHello")
    .map(({ name }) => `/${GreeterService.typeName}/${name}`),
  "/hello.v1.GreeterService/Nope",
  "/no.such.Service/Nope",
  "/grpc.health.v1.Health/Check",
  "/grpc.health.v1.Health/Watch",
  "/grpc.health.v1.Health/List",
  "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
  "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

const sources: Record<string, () => Promise<GreeterPair>> = {
  code: () =>
    GreeterPair.start({ server: { policy: [allow(GreeterService.method.sayHello, clientId)], reflection: true } }),
  file: () =>
    GreeterPair.start({
      server: { policy: [], policyFile: new PolicyFiles(allowing(clientId, sayHello)).path, reflection: true },
    }),
  roles: () =>
    GreeterPair.start({
      service: withPolicy({ SayHello: { roles: ["user"] } }),
      server: { policy: [], roles: { user: [clientId] }, reflection: true },
    }),
};

for (const [source, start] of Object.entries(sources)) {
  describe(`TOK-01: with rules from ${source}`, () => {
    it("denies every other method, existing or not, in the same words", async () => {
      const pair = await start();
      const raw = await RawH2Client.of(pair);
      for (const path of denied) {
        const { status, message, httpStatus, body } = await raw.call({ ":path": path });
        expect({ path, status, httpStatus, body: body.length }).toEqual({
          path,
          status: Status.PERMISSION_DENIED,
          httpStatus: 200,
          body: 0,
        });
        expect(message).toMatch(/^permission denied \(reference [0-9a-f]{12}\)$/);
      }
      for (const path of denied) expect((await pair.server.explain(clientId, path)).allowed, path).toBe(false);
      expect((await pair.server.explain(clientId, sayHello)).allowed).toBe(true);
    });

    it("names no other method in HELLO", async () => {
      const pair = await start();
      const peer = await RawDirectPeer.connect(pathOf(pair), pair.world.leaf(clientId));
      expect((await peer.greet()).methods.map(({ path }) => path)).toEqual([sayHello]);
    });
  });
}
