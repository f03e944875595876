// What must not compile with generated code; `npm run typecheck` is what runs this test, as in api.test.ts.

import type { MethodContracts, MtlsCredentials, Server } from "pinwire";
import { expect, it } from "vitest";
import {
  createGreeterClient,
  type GreeterImplementation,
  greeterMethods,
  registerGreeter,
} from "../../examples/gen/hello/v1/greeter_pinwire.js";
import { type ChatRequest, ChatRequestSchema, GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { greeter } from "../helpers/greeter-pair.js";

declare const credentials: MtlsCredentials;
declare const server: Server;

function mustNotCompile(): void {
  const { chat, ...withoutChat } = greeter;
  void chat;
  // @ts-expect-error a missing handler
  registerGreeter(server, withoutChat);
  // @ts-expect-error a handler for a method that the schema does not have
  registerGreeter(server, { ...greeter, sayGoodbye: () => ({}) } satisfies GreeterImplementation);
  // @ts-expect-error a wrong return type
  registerGreeter(server, { ...greeter, sayHello: () => ({ greeting: 7 }) });
  // @ts-expect-error nothing returned
  registerGreeter(server, { ...greeter, sayHello: () => {} });
  // @ts-expect-error one response where a stream is wanted
  registerGreeter(server, { ...greeter, sayManyHellos: async () => ({ greeting: "" }) });
  const other = ({ $typeName }: ChatRequest) => ({ greeting: $typeName });
  // @ts-expect-error a handler for another message
  registerGreeter(server, { ...greeter, sayHello: other });
  // @ts-expect-error a handler that wants more than it gets
  registerGreeter(server, { ...greeter, sayHello: ({ name, age }) => ({ greeting: name + age }) });

  const options = { credentials, target: "unix:/run/x.sock", peer: "spiffe://local.test/greeter", timeoutMs: 1_000 };
  const { peer, ...withoutPeer } = options;
  void peer;
  // @ts-expect-error no peer
  createGreeterClient(withoutPeer);
  const client = createGreeterClient(options);
  // @ts-expect-error a wrong field
  client.sayHello({ nme: "Ada" });
  // @ts-expect-error another message
  client.sayHello({ $typeName: ChatRequestSchema.typeName, name: "Ada" });
  // @ts-expect-error one message where a stream is wanted
  client.collectHellos({ name: "Ada" });
  // @ts-expect-error a stream is not a promise
  client.chat([]).then();
  // @ts-expect-error a method that the schema does not have
  client.sayGoodbye({});

  const { chat: contract, ...table } = greeterMethods;
  void contract;
  // @ts-expect-error a table that lacks a method
  server.service(GreeterService, greeter, { contracts: table });
  // @ts-expect-error a table with a method that the service lacks
  const stale: MethodContracts<typeof GreeterService> = { ...greeterMethods, sayGoodbye: greeterMethods.chat };
  void stale;
}

it("is checked by the type checker", () => expect(mustNotCompile).toBeTypeOf("function"));
