import { parseArgs } from "node:util";
import { loadCredentials } from "pinwire";
import { createGreeterClient, type GreeterClient } from "../gen/hello/v1/greeter_pinwire.js";

const usage =
  "usage: example:client -- --credentials DIR --target ADDRESS --peer SPIFFE_ID [--name NAME] [--kind unary|server|client|bidi] [--count N]";

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      credentials: { type: "string" },
      target: { type: "string" },
      peer: { type: "string" },
      name: { type: "string", default: "world" },
      kind: { type: "string", default: "unary" },
      count: { type: "string", default: "3" },
    },
  });
  const { credentials, target, peer, name, kind } = values;
  const count = Number(values.count);
  if (
    credentials === undefined ||
    target === undefined ||
    peer === undefined ||
    !Number.isInteger(count) ||
    count < 0
  ) {
    throw new Error(usage);
  }

  await using greeter = createGreeterClient({
    credentials: await loadCredentials(credentials),
    target,
    peer,
    timeoutMs: 10_000,
  });
  for await (const response of call(greeter, kind, name, count)) {
    const { $typeName, ...fields } = response;
    console.log(JSON.stringify(fields));
  }
}

type Response = { readonly $typeName: string; readonly greeting: string };

async function* call(greeter: GreeterClient, kind: string, name: string, count: number): AsyncIterable<Response> {
  const requests = Array.from({ length: count }, (_, i) => ({ name: `${name} ${i + 1}` }));
  switch (kind) {
    case "unary":
      yield await greeter.sayHello({ name });
      return;
    case "server":
      yield* greeter.sayManyHellos({ name, count });
      return;
    case "client":
      yield await greeter.collectHellos(requests);
      return;
    case "bidi":
      yield* greeter.chat(requests);
      return;
    default:
      throw new Error(usage);
  }
}

main().catch((error: unknown) => {
  const { code = "ERROR", message } = error as { code?: string; message: string };
  console.error(`${code}: ${message}`);
  process.exitCode = 1;
});
