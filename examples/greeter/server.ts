import { parseArgs } from "node:util";
import { allow, createServer, loadCredentials } from "pinwire";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { registerGreeter } from "../gen/hello/v1/greeter_pinwire.js";
import { greeter } from "./implementation.js";

const usage = "usage: example:server -- --credentials DIR --listen ADDRESS --allow SPIFFE_ID [--allow SPIFFE_ID]…";

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      credentials: { type: "string" },
      listen: { type: "string" },
      allow: { type: "string", multiple: true },
    },
  });
  const { credentials, listen, allow: allowed = [] } = values;
  if (credentials === undefined || listen === undefined || allowed.length === 0) throw new Error(usage);

  const server = createServer({
    credentials: await loadCredentials(credentials),
    policy: [allow(GreeterService, ...allowed)],
  });
  registerGreeter(server, greeter);
  await server.listen(listen);
  console.log(`listening ${listen}`);

  // Calls under way finish; a second signal does not wait for them.
  process.once("SIGTERM", () => {
    process.once("SIGTERM", () => process.exit(1));
    void server.drain().then(() => process.exit(0));
  });
}

main().catch((error: unknown) => {
  const { code = "ERROR", message } = error as { code?: string; message: string };
  console.error(`${code}: ${message}`);
  process.exit(1);
});
