// What must not compile. `npm run typecheck` is what runs this test: a promise that no longer holds is an unused marker
// there. Here it only shows that the file is part of the suite.
import { expect, it } from "vitest";
import type { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { GreeterService as Service } from "../../src/gen/hello/v1/greeter_pb.js";
import {
  allow,
  createClient,
  createServer,
  type Implementation,
  type MtlsCredentials,
  type PeerIdentity,
  type ServerOptions,
} from "../../src/index.js";
import { greeter } from "../helpers/greeter-pair.js";

declare const credentials: MtlsCredentials;

function mustNotCompile(): void {
  const policy = [allow(Service, "spiffe://local.test/cli")] as const;
  // @ts-expect-error no credentials
  createServer({ policy });
  // @ts-expect-error no policy
  createServer({ credentials });
  // @ts-expect-error an empty policy
  createServer({ credentials, policy: [] });
  // @ts-expect-error shadow rules alone would be an empty policy too, so there is no option for them
  createServer({ credentials, shadow: policy });
  // @ts-expect-error a role is held by a list of SPIFFE IDs
  createServer({ credentials, roles: { admin: "spiffe://local.test/cli" } });
  // @ts-expect-error a policy file is named by its path
  createServer({ credentials, policyFile: { name: "p" } });
  // @ts-expect-error there is no insecure variant
  createServer({ credentials: "insecure", policy });
  // @ts-expect-error a misspelt option
  createServer({ credentials, policy, maxTimeout: 5 } satisfies ServerOptions);

  const server = createServer({ credentials, policy });
  const { chat, ...withoutChat } = greeter;
  void chat;
  // @ts-expect-error a missing method
  server.service(Service, withoutChat);
  // @ts-expect-error a wrong response
  server.service(Service, { ...greeter, sayHello: () => ({ greeting: 7 }) });
  // @ts-expect-error a response without a promise or message
  server.service(Service, { ...greeter, sayHello: () => "hello" });
  // @ts-expect-error a stream that is not one
  server.service(Service, { ...greeter, sayManyHellos: async () => ({ greeting: "" }) });

  const options = { credentials, target: "unix:/run/x.sock", peer: "spiffe://local.test/greeter", timeoutMs: 1_000 };
  const { peer, ...withoutPeer } = options;
  void peer;
  // @ts-expect-error no peer: a client names the only server it accepts
  createClient(Service, withoutPeer);
  const { timeoutMs, ...withoutTimeout } = options;
  void timeoutMs;
  // @ts-expect-error no timeout
  createClient(Service, withoutTimeout);

  const client = createClient(Service, options);
  // @ts-expect-error a wrong field
  client.sayHello({ nme: "Ada" });
  // @ts-expect-error a wrong type
  client.sayHello({ name: 7 });
  // @ts-expect-error one message where a stream is wanted
  client.collectHellos({ name: "Ada" });
  // @ts-expect-error a stream is not a promise
  client.chat([]).then();

  // @ts-expect-error only verifyPeer makes a PeerIdentity
  const forged: PeerIdentity = { id: "spiffe://local.test/root", notAfter: 0 };
  void forged;
}

function mustCompile(): void {
  const implementation: Implementation<typeof GreeterService> = {
    sayHello: async ({ name }) => ({ greeting: name.toUpperCase() }),
    async *sayManyHellos({ name, count }) {
      for (let i = 0; i < count; i++) yield { greeting: name };
    },
    collectHellos: async (requests) => {
      for await (const { name } of requests) void name.length;
      return { greeting: "", count: 1 };
    },
    chat: (requests) => requests as AsyncIterable<never>,
  };
  createServer({ credentials, policy: [allow(Service, "spiffe://local.test/cli")] }).service(Service, implementation);
  createServer({ credentials, roles: { admin: ["spiffe://local.test/cli"], auditor: [] } });
  createServer({ credentials, policyFile: "/etc/greeter/policy.json" });
  createServer({ credentials, policy: [], policyFile: "/etc/greeter/policy.json" });
}

it("is checked by the type checker", () => expect([mustCompile, mustNotCompile]).toHaveLength(2));
