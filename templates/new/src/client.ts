import { loadCredentials } from "pinwire";
import { createGreeterClient } from "./gen/greeter/v1/greeter_pinwire.js";
import { address, credentials, ids } from "./places.js";

await using client = createGreeterClient({
  credentials: await loadCredentials(credentials.client),
  target: address,
  peer: ids.server,
  timeoutMs: 5_000,
});

const { greeting } = await client.sayHello({ name: process.argv[2] ?? "world" });
console.log(greeting);
