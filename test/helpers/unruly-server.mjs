// A server whose handlers do what no interceptor can catch. Arguments: the folder of the built code, credentials, target, the
// client's ID, and what the process does about uncaught exceptions: "nothing" or "drain".
const [source, credentials, target, client, policy] = process.argv.slice(2);
const { allow, createServer, loadCredentials } = await import(`${source}/index.js`);
const { GreeterService } = await import(`${source}/gen/hello/v1/greeter_pb.js`);

const server = createServer({
  credentials: await loadCredentials(credentials),
  policy: [allow(GreeterService, client)],
  drainTimeoutMs: 500,
});

server.service(GreeterService, {
  sayHello: ({ name }) => {
    if (name === "a timer that throws") setTimeout(() => throwing(), 0);
    if (name === "a promise that nobody awaits") void Promise.reject(new Error("swordfish"));
    if (name === "ignore everything") console.log("ignoring");
    return name === "hello" ? { greeting: "hello" } : new Promise(() => {});
  },
  async *sayManyHellos() {},
  // Answers when the caller has sent all.
  async collectHellos(requests) {
    let count = 0;
    for await (const _ of requests) count += 1;
    return { count };
  },
  async *chat() {},
});

await server.listen(target);
console.log("listening");

if (policy === "drain") {
  const leave = () => void server.drain().then(() => process.exit(70));
  process.once("uncaughtException", leave);
  process.once("unhandledRejection", leave);
}
process.once("SIGTERM", () => {
  process.once("SIGTERM", () => process.exit(1));
  void server.drain().then(() => process.exit(0));
});
// Something of the application's own that would keep the process alive for ever.
setInterval(() => {}, 1_000);

function throwing() {
  throw new Error("swordfish");
}
