// Interoperability with gRPC's C core (python3-grpcio): its client on our server, our client on its server.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it, onTestFinished } from "vitest";
import { ErrorInfoSchema } from "../../src/error-details.js";
import { RpcError } from "../../src/errors.js";
import type { Metadata } from "../../src/rpc/metadata.js";
import { Status } from "../../src/status.js";
import { collect, failure, signalled } from "../helpers/collect.js";
import { GreeterPair, greeter } from "../helpers/greeter-pair.js";
import { clientId, serverId } from "../helpers/identities.js";
import { hasPythonGrpc, pemFiles, python, runPython } from "../helpers/python.js";

const script = (name: string) => join(import.meta.dirname, name);

describe.skipIf(!hasPythonGrpc())("python3-grpcio (skipped when it is not installed)", () => {
  it("calls our server", { timeout: 60_000 }, async () => {
    const cancelled = signalled();
    const pair = new GreeterPair({
      implementation: {
        sayHello: async (request, context) => {
          const { name } = request;
          if (name === "hang") return new Promise(() => {});
          if (name === "not found") {
            context.responseTrailer.set("x-trailer", "still here");
            throw new RpcError(Status.NOT_FOUND, "nobody of that name ☃");
          }
          if (name === "metadata") {
            context.responseHeader.set("x-echo", context.requestMetadata.get("x-text") ?? "");
            context.responseHeader.set("x-echo-bin", context.requestMetadata.get("x-raw-bin") ?? new Uint8Array());
            context.responseTrailer.set("x-trailer", "bye");
          }
          return greeter.sayHello(request, context);
        },
        async *chat(requests, context) {
          context.signal.addEventListener("abort", () => cancelled.resolve());
          for await (const { name } of requests) yield { greeting: `Hello, ${name}` };
        },
      },
    });
    await pair.server.listen(pair.target);
    const results = await runPython(script("greeter_client.py"), [pair.target, ...pemFiles(pair, clientId)]);
    expect(results).toMatchObject({
      unary: `Hello, Ada, known to me as ${clientId}`,
      server: [1, 2, 3].map((i) => `Hello, Ada, for time ${i}`),
      client: { 1: "Hello, Ada and Grace", 2: 2 },
      bidi: ["Hello, Ada", "Hello, Grace"],
      header: { "x-echo": "plain", "x-echo-bin": "0001feff" },
      trailer: { "x-trailer": "bye" },
      status: { code: "NOT_FOUND", details: "nobody of that name ☃", trailer: { "x-trailer": "still here" } },
      deadline: { code: "DEADLINE_EXCEEDED" },
      unknown: { code: "UNIMPLEMENTED" },
      cancelled: "CANCELLED",
    });
    await cancelled.promise;
  });

  it("is called by our client", { timeout: 60_000 }, async () => {
    const pair = new GreeterPair();
    await startServer(pair);
    // As users have it: both transports offered, and this server knows one.
    const client = pair.newClient({ transports: ["direct", "h2"] });
    expect((await client.sayHello({ name: "Ada" })).greeting).toBe("Hello, Ada, True");
    const many = await collect(client.sayManyHellos({ name: "Ada", count: 3 }));
    expect(many.map(({ greeting }) => greeting)).toEqual([1, 2, 3].map((i) => `Hello, Ada, for time ${i}`));
    expect(await client.collectHellos([{ name: "Ada" }, { name: "Grace" }])).toMatchObject({
      greeting: "Hello, Ada and Grace",
      count: 2,
    });
    expect(await collect(client.chat([{ name: "Ada" }, { name: "Grace" }]))).toMatchObject([
      { greeting: "Hello, Ada" },
      { greeting: "Hello, Grace" },
    ]);

    let header: Metadata | undefined;
    let trailer: Metadata | undefined;
    await client.sayHello(
      { name: "metadata" },
      {
        metadata: { "x-text": "plain", "x-raw-bin": Uint8Array.from([0, 1, 254, 255]) },
        onHeader: (received) => (header = received),
        onTrailer: (received) => (trailer = received),
      },
    );
    expect(header?.get("x-echo")).toBe("plain");
    expect(Buffer.from(header?.get("x-echo-bin") ?? []).toString("hex")).toBe("0001feff");
    expect(trailer?.get("x-trailer")).toBe("bye");

    expect(
      await failure(client.sayHello({ name: "not found" }, { onTrailer: (received) => (trailer = received) })),
    ).toMatchObject({ status: Status.NOT_FOUND, rawMessage: "nobody of that name ☃", received: true });
    expect(trailer?.get("x-trailer")).toBe("still here");
    const detailed = await failure(client.sayHello({ name: "details" }));
    expect(detailed).toMatchObject({ status: Status.NOT_FOUND, rawMessage: "gone" });
    expect(detailed.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "GONE" }]);
    for (const name of ["details of another status", "details that are cut"]) {
      expect(await failure(client.sayHello({ name }))).toMatchObject({
        status: Status.NOT_FOUND,
        rawMessage: "gone",
        details: [],
      });
    }
    expect(await failure(client.sayHello({ name: "hang" }, { timeoutMs: 300 }))).toMatchObject({
      status: Status.DEADLINE_EXCEEDED,
    });
    const cancel = new AbortController();
    const hanging = failure(client.sayHello({ name: "hang" }, { signal: cancel.signal }));
    cancel.abort();
    expect(await hanging).toMatchObject({ status: Status.CANCELLED });
  });
});

async function startServer(pair: GreeterPair): Promise<void> {
  const path = pair.target.slice("unix:".length);
  mkdirSync(join(path, ".."), { mode: 0o700 });
  const child = spawn(python, [script("greeter_server.py"), pair.target, ...pemFiles(pair, serverId)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  for await (const line of createInterface({ input: child.stdout })) if (line === "listening") return;
  throw new Error("the Python server did not start");
}
