// One end of large streams in a process of its own, where only what the streams hold takes memory. It runs the built code:
// "server" answers sayManyHellos without end, "client" streams requests without end and leaves when it is told to stop.
// Asked for "memory" it says what it holds; needs --expose-gc.
import { pathToFileURL } from "node:url";

const [role, dist, directory, target, transport, size] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(`${dist}/src/${path}`).href);
const { createServer, createClient, allow, loadCredentials } = await load("index.js");
const { GreeterService } = await load("gen/hello/v1/greeter_pb.js");

const credentials = await loadCredentials(directory, { watch: false });
const large = "x".repeat(Number(size));
let messages = 0;
let stopped = false;

process.on("message", (question) => {
  if (question === "stop") {
    stopped = true;
    return;
  }
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  process.send({ messages, bytes: heapUsed + external });
});

if (role === "server") {
  const server = createServer({ credentials, policy: [allow(GreeterService, "spiffe://local.test/cli")] });
  server.service(GreeterService, {
    sayHello: ({ name }) => ({ greeting: name }),
    async *sayManyHellos() {
      for (;;) {
        messages += 1;
        yield { greeting: large };
      }
    },
    collectHellos: () => ({ greeting: "", count: 0 }),
    async *chat() {},
  });
  await server.listen(target);
  process.send("ready");
} else {
  const options = { credentials, target, peer: "spiffe://local.test/greeter", transports: [transport] };
  const client = createClient(GreeterService, { ...options, timeoutMs: 60_000 });
  function* requests() {
    for (; !stopped; messages++) yield { name: large };
  }
  const call = client.collectHellos(requests());
  process.send("ready");
  const { count } = await call;
  process.send({ count, messages });
  await client.close();
}
process.on("disconnect", () => process.exit());
