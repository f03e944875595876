// The generated table is what the runtime reads, and one that does not fit is refused.
import { expect, it, onTestFinished } from "vitest";
import { ConfigError } from "../../src/errors.js";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { allow } from "../../src/interceptors/policy.js";
import type { MethodContracts } from "../../src/rpc/generated-contracts.js";
import { methodContract } from "../../src/rpc/method-contract.js";
import { createServer } from "../../src/server/server.js";
import { GreeterPair, greeter } from "../helpers/greeter-pair.js";
import { clientId } from "../helpers/identities.js";

type Table = MethodContracts<typeof GreeterService>;

/** As the generator writes it: a new object, not what the descriptor's own reading made. */
function table(changes: Partial<Record<string, object>> = {}): Table {
  const contracts = GreeterService.methods.map((method) => {
    return [method.localName, { ...structuredClone(methodContract(method)), ...changes[method.localName] }];
  });
  return Object.fromEntries(contracts);
}

async function listenWith(contracts: Table): Promise<unknown> {
  const pair = new GreeterPair();
  const server = createServer({ credentials: pair.serverCredentials, policy: [allow(GreeterService, clientId)] });
  onTestFinished(() => server.close());
  server.service(GreeterService, greeter, { contracts });
  return server.listen(pair.target).then(
    () => undefined,
    (error: unknown) => error,
  );
}

it("a server reads the table it was given", async () => {
  const contracts = table();
  expect(await listenWith(contracts)).toBeUndefined();
  expect(methodContract(GreeterService.method.sayHello)).toBe(contracts.sayHello);
  expect(Object.isFrozen(contracts.sayHello)).toBe(true);
});

it("a table that says anything else than the descriptor stops the server at its start", async () => {
  const { chat, ...withoutChat } = table();
  const stale: Record<string, object> = {
    "the table lacks chat": withoutChat,
    "the table has sayGoodbye, which the service lacks": { ...table(), sayGoodbye: chat },
    "the table differs in roles of SayHello": table({ sayHello: { roles: ["admin"] } }),
    "the table differs in audit of Chat": table({ chat: { audit: "none" } }),
    "the table differs in maxTimeoutMs of CollectHellos": table({ collectHellos: { maxTimeoutMs: 5 } }),
    "the table differs in invented of Chat": table({ chat: { invented: true } }),
  };
  for (const [difference, contracts] of Object.entries(stale)) {
    const error = await listenWith(contracts as Table);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({
      code: "ERR_GENERATED_STALE",
      problem: `the generated table of hello.v1.GreeterService does not fit its descriptor: ${difference}`,
      hint: "generate both again: npx buf generate",
    });
  }
});

it("the first call of a client with a stale table fails, and nothing is sent", async () => {
  const pair = await GreeterPair.start();
  const client = pair.newClient({ contracts: table({ sayHello: { idempotency: "idempotent" } }) });
  await expect(client.sayHello({ name: "Ada" })).rejects.toMatchObject({ code: "ERR_GENERATED_STALE" });
  const stream = client.chat([]);
  await expect(stream[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "ERR_GENERATED_STALE" });
});

it("a table without fields that a later pinwire knows fits, as long as the schema does not set them", async () => {
  const contracts = table();
  for (const contract of Object.values(contracts)) delete (contract as { audit?: string }).audit;
  expect(await listenWith(contracts)).toBeUndefined();
});
