// Makes a server and a channel in a process where @opentelemetry/api is not installed, and prints what comes of them, with the
// option and without it. Arguments: the directory of the built pinwire, credentials of server and client, a socket.
import { register } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const loader = `export async function resolve(name, context, next) {
  if (name.startsWith("@opentelemetry")) throw Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });
  return next(name, context);
}`;
register(`data:text/javascript,${encodeURIComponent(loader)}`);

const [dist, serverDirectory, clientDirectory, socket] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(join(dist, path)).href);
const { allow, createClient, createServer, loadCredentials } = await load("src/index.js");
const { GreeterService } = await load("src/gen/hello/v1/greeter_pb.js");

const target = `unix:${socket}`;

const outcome = async (act) => {
  try {
    return await act();
  } catch ({ name, code, message }) {
    return { name, code, message };
  }
};

const serve = async (openTelemetry) => {
  const credentials = await loadCredentials(serverDirectory);
  const server = createServer({
    credentials,
    policy: [allow(GreeterService, "spiffe://local.test/cli")],
    openTelemetry,
  });
  const never = async function* () {};
  const one = () => ({ greeting: "hello" });
  server.service(GreeterService, { sayHello: one, sayManyHellos: never, collectHellos: one, chat: never });
  return { server, listening: await outcome(() => server.listen(target)) };
};

const call = async (openTelemetry) => {
  const credentials = await loadCredentials(clientDirectory);
  const peer = "spiffe://local.test/greeter";
  const client = createClient(GreeterService, { credentials, target, peer, timeoutMs: 10_000, openTelemetry });
  const said = await outcome(async () => (await client.sayHello({ name: "Ada" })).greeting);
  await client.close();
  return said;
};

const without = await serve(true);
await without.server.close();
const plain = await serve(undefined);
console.log(JSON.stringify({ server: without.listening, client: await call(true), plain: await call(undefined) }));
await plain.server.close();
