// A secret in every place where one may be, and every sink open: nothing that anybody can read afterwards holds one of them.
import { spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { clone, create, createFileRegistry, type DescService, setExtension, toJson } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Type,
  FieldOptionsSchema,
  FileDescriptorProtoSchema,
  MethodOptionsSchema,
} from "@bufbuild/protobuf/wkt";
import { pino } from "pino";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type Channel, createChannel } from "../../src/client/channel.js";
import { type Client, type ClientOptions, createClient } from "../../src/client/client.js";
import { loadCredentials } from "../../src/credentials/load-credentials.js";
import { RpcError } from "../../src/errors.js";
import { ErrorInfoSchema } from "../../src/gen/google/rpc/error_details_pb.js";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { AdminService, GetStatsResponseSchema } from "../../src/gen/pinwire/admin/v1/admin_pb.js";
import { AuditLevel, CallPolicySchema, method as methodOption } from "../../src/gen/pinwire/policy/v1/policy_pb.js";
import { SpiffeId } from "../../src/identity/spiffe-id.js";
import { allow } from "../../src/interceptors/policy.js";
import { ReflectionService } from "../../src/reflection.js";
import type { HandlerContext } from "../../src/rpc/call-context.js";
import { errorDetail } from "../../src/rpc/error-detail.js";
import { createServer } from "../../src/server/server.js";
import type { ServerSettings } from "../../src/server/server-options.js";
import { Status } from "../../src/status.js";
import { tokenFile, tokenSource } from "../../src/tokens/token-source.js";
import type { TransportName } from "../../src/transport/protocols.js";
import { parseCertificate } from "../../src/x509/certificate.js";
import { AuditPlace } from "../helpers/audit-place.js";
import { built } from "../helpers/built.js";
import { Canaries, Sink } from "../helpers/canaries.js";
import { collect } from "../helpers/collect.js";
import { ExampleWorld } from "../helpers/example-processes.js";
import { type Greeter, greeter } from "../helpers/greeter-pair.js";
import { clientId, serverId } from "../helpers/identities.js";
import { pinwire } from "../helpers/pinwire.js";
import { framed, RawH2Client } from "../helpers/raw-h2-client.js";
import { CollectedTelemetry, registerContexts } from "../helpers/telemetry.js";
import { tempDirectory } from "../helpers/temp-directory.js";
import { tempIssuer } from "../helpers/tokens.js";

registerContexts();

// Every record is written: none is to be missing that would have shown something.
vi.mock("../../src/interceptors/record-limit.js", () => ({
  RecordLimit: class {
    pass() {
      return 0;
    }
  },
}));

/** The greeter with all its fields marked as secret; if it is guarded, with tokens for one method, and all calls in the audit log. */
function secretGreeter(isGuarded: boolean): typeof GreeterService {
  const proto = clone(FileDescriptorProtoSchema, GreeterService.file.proto);
  for (const field of proto.messageType.flatMap((message) => message.field)) {
    field.options = create(FieldOptionsSchema, { debugRedact: true });
  }
  for (const method of proto.service.flatMap((service) => service.method)) {
    if (!isGuarded) continue;
    method.options ??= create(MethodOptionsSchema);
    const requiredScopes = method.name === "CollectHellos" ? ["greet"] : [];
    setExtension(method.options, methodOption, create(CallPolicySchema, { audit: AuditLevel.ALL, requiredScopes }));
  }
  const dependencies = new Map(GreeterService.file.dependencies.map((file) => [`${file.name}.proto`, file]));
  const registry = createFileRegistry(proto, (name) => dependencies.get(name));
  const service: DescService | undefined = registry.getService(GreeterService.typeName);
  // The same messages and methods by name, which is all that the types say.
  return service as typeof GreeterService;
}

/** The greeter of somebody who takes names for bytes: what is sent so need not be text. */
function greeterOfBytes(): typeof GreeterService {
  const proto = clone(FileDescriptorProtoSchema, GreeterService.file.proto);
  for (const message of proto.messageType) {
    for (const field of message.field) if (field.name === "name") field.type = FieldDescriptorProto_Type.BYTES;
  }
  const service: DescService | undefined = createFileRegistry(proto, () => undefined).getService(
    GreeterService.typeName,
  );
  return service as typeof GreeterService;
}

/** pino as an operator would have it who wants to see everything. */
function logInto(sink: Sink, where: string) {
  const stream = new Writable({
    write(chunk, _, done) {
      sink.add(where, String(chunk));
      done();
    },
  });
  return pino({ level: "trace" }, stream);
}

/** What its caller asks for, in metadata that is no secret, goes wrong. */
function failingGreeter(canaries: Canaries, inner: Pick<Client<typeof GreeterService>, "sayHello">): Greeter {
  const fail = async ({ requestMetadata, responseHeader, responseTrailer, signal, ...context }: HandlerContext) => {
    responseHeader.set("x-answer", canaries.in("response-header"));
    responseHeader.set("x-answer-bin", canaries.bytes("response-header-bin"));
    responseTrailer.set("x-end", canaries.in("response-trailer"));
    switch (requestMetadata.get("x-mode")) {
      case "error":
        throw canaries.error("thrown");
      case "text":
        throw canaries.in("thrown-text");
      case "object":
        throw { message: canaries.in("thrown-object"), stack: `Error\n    at ${canaries.in("thrown-object-stack")}` };
      case "stack":
        throw Object.assign(new Error("x"), {
          name: canaries.in("error-name"),
          stack: `Error: x\n    at ${canaries.in("stack")}\n    at ${canaries.in("stack-frame")} (file:///a.js:1:1)`,
        });
      case "spoken":
        throw new RpcError(Status.NOT_FOUND, canaries.in("spoken"), {
          details: [errorDetail(ErrorInfoSchema, { reason: canaries.in("spoken-detail"), domain: "local.test" })],
          cause: canaries.error("spoken-cause"),
        });
      case "nested":
        await inner.sayHello({ name: canaries.in("nested-request") });
        break;
      case "stray":
        signal.addEventListener("abort", () => {
          throw canaries.error("stray");
        });
        await new Promise(() => {});
    }
    return context;
  };
  return {
    async sayHello(_, context) {
      await fail(context);
      if (context.requestMetadata.get("x-mode") === "wrong-type") {
        return { greeting: { secret: canaries.in("wrong-response") } as never };
      }
      return { greeting: "hello" };
    },
    async *sayManyHellos(_, context) {
      yield { greeting: "hello" };
      await fail(context);
    },
    async collectHellos(requests, context) {
      await collect(requests);
      await fail(context);
      return { greeting: "hello" };
    },
    async *chat(requests, context) {
      for await (const _ of requests) await fail(context);
      yield { greeting: "hello" };
    },
  };
}

interface Scene {
  readonly canaries: Canaries;
  readonly sink: Sink;
  readonly world: ExampleWorld;
  readonly channel: Channel;
  readonly client: Client<typeof GreeterService>;
  /** Another client of the same server. */
  readonly clientWith: (options: Partial<ClientOptions>) => Client<typeof GreeterService>;
  /** One that is good for `collectHellos`; it is a secret, too. */
  readonly newToken: () => Promise<string>;
  /** Ends everything and adds what is only there at the end. */
  readonly finish: () => Promise<void>;
}

/** A server with every sink open, one behind it, and a client. */
async function open(transport: TransportName): Promise<Scene> {
  const [canaries, sink, world] = [new Canaries(), new Sink(), await ExampleWorld.make()];
  const [service, innerService] = [secretGreeter(true), secretGreeter(false)];
  const place = new AuditPlace();
  const audit = await place.open();
  const telemetry = new CollectedTelemetry();
  const { issuer, directory: issuerDirectory } = await tempIssuer();
  for (const stream of ["stdout", "stderr"] as const) {
    const spy = vi.spyOn(process[stream], "write").mockImplementation((chunk) => {
      sink.add("console", String(chunk));
      return true;
    });
    onTestFinished(() => spy.mockRestore());
  }
  const policyFile = join(tempDirectory(), "policy.json");
  const rules = (name: string) => ({ name, allow_rules: [{ name: "all", source: { principals: [clientId] } }] });
  writeFileSync(policyFile, JSON.stringify(rules("all")));
  const credentials = await loadCredentials(world.server, { watch: false });
  onTestFinished(() => credentials.close());
  const settings = {
    credentials,
    logger: logInto(sink, "server log"),
    logPayloads: [service, innerService],
    logMetadata: ["x-mode"],
    openTelemetry: telemetry.option,
  } satisfies Partial<ServerSettings>;
  const onAnomaly = (anomaly: unknown) => sink.add("anomalies", anomaly);
  const server = createServer({
    ...settings,
    ...{ policyFile, roles: { admin: [clientId] }, admin: true, audit, auditLevel: "all", onAnomaly },
    tokens: { issuers: issuer.publicFile },
    policy: [allow(service, clientId)],
  });
  const clientCredentials = await loadCredentials(world.client, { watch: false });
  onTestFinished(() => clientCredentials.close());
  const channelTo = (target: string, more: object = {}) => {
    const channel = createChannel({
      ...settings,
      ...{ credentials: clientCredentials, target, peer: serverId, transports: [transport] },
      ...{ logger: logInto(sink, "client log"), circuitBreaker: { minCalls: 1_000 } },
      ...more,
    });
    onTestFinished(() => channel.close());
    return channel;
  };
  const innerTarget = world.target.replace("greeter.sock", "inner.sock");
  const innerChannel = channelTo(innerTarget);
  const innerServer = createServer({ ...settings, policy: [allow(innerService, clientId)] });
  const failing = () => {
    throw new RpcError(Status.FAILED_PRECONDITION, canaries.in("nested-message"), {
      details: [errorDetail(ErrorInfoSchema, { reason: canaries.in("nested-detail"), domain: "local.test" })],
      cause: canaries.error("nested-cause"),
    });
  };
  innerServer.service(innerService, { ...greeter, sayHello: failing });
  await innerServer.listen(innerTarget);
  const inner = createClient(innerService, innerChannel, { timeoutMs: 10_000 });
  server.service(service, failingGreeter(canaries, inner));
  await server.listen(world.target);
  onTestFinished(async () => {
    await server.close();
    await innerServer.close();
  });
  const channel = channelTo(world.target);
  const clientWith = (options: Partial<ClientOptions>) =>
    createClient(service, channel, { timeoutMs: 10_000, ...options });

  const finish = async () => {
    // A change on disk that is no policy: the log says why it was refused.
    writeFileSync(policyFile, JSON.stringify({ ...rules("all"), allow_rules: canaries.in("policy-file") }));
    await server.reloadPolicy().catch((error: unknown) => sink.add("policy error", error));
    writeFileSync(policyFile, `{"name": "all", ${canaries.in("policy-file-syntax")}`);
    await server.reloadPolicy().catch((error: unknown) => sink.add("policy error", error));
    // The same of credentials.
    writeFileSync(join(world.server, "pins.json"), `{"version":1,"peers":{"${canaries.in("pins-file")}`);
    await credentials.reload().catch((error: unknown) => sink.add("credentials error", error));
    const admin = createClient(AdminService, channel, { timeoutMs: 10_000 });
    sink.add("admin service", toJson(GetStatsResponseSchema, await admin.getStats({})));
    sink.add("server.stats()", server.stats());
    sink.add("channel.stats()", channel.stats());
    await channel.close();
    await server.close();
    await audit.close();
    for (const file of readdirSync(place.directory)) {
      sink.add("audit log", readFileSync(join(place.directory, file), "latin1"));
    }
    sink.add("anchor", readFileSync(place.anchorFile, "latin1"));
    sink.add("OpenTelemetry", await telemetry.text());
    for (const words of [["show"], ["tail"], ["export"], ["verify", "--key", place.keyFile]]) {
      const [command = "", ...more] = words;
      sink.add("pinwire audit", await pinwire(["audit", command, place.directory, ...more]));
    }
    for (const directory of [world.server, world.client]) {
      const key = readFileSync(join(directory, "key.pem"), "latin1").split("\n");
      canaries.know(`${directory}/key.pem`, key[2] ?? "");
    }
    const issuerKeys = readFileSync(join(issuerDirectory, "keys.json"), "latin1").split("\\n");
    for (const [index, line] of issuerKeys.entries()) {
      if (/^[A-Za-z0-9+/=]{40,}$/.test(line)) canaries.know(`issuer's key, line ${index}`, line);
    }
    canaries.know("checkpoint key", readFileSync(place.keyFile, "latin1").split("\n")[1] ?? "");
    canaries.know("pem header", "PRIVATE KEY-----");
  };
  const leaf = parseCertificate(new X509Certificate(readFileSync(join(world.client, "cert.pem"))).raw);
  const newToken = async () => {
    const holder = { id: SpiffeId.parse(clientId), leaf };
    const { token } = await issuer.issue({ holder, audience: serverId, scopes: ["greet"] });
    for (const [index, part] of token.split(".").slice(1).entries())
      canaries.know(`good token, part ${index + 1}`, part);
    return token;
  };
  return { canaries, sink, world, channel, client: clientWith({}), clientWith, newToken, finish };
}

describe.each(["direct", "h2"] as const)("a canary in every place of calls over %s", (transport) => {
  it("is in no log, metric, trace, figure, record or error of anybody who was not told it", {
    timeout: 90_000,
  }, async () => {
    const scene = await open(transport);
    const { canaries, sink, channel, client, clientWith, world } = scene;
    const name = canaries.in("request-field");
    const options = (mode: string) => ({
      timeoutMs: mode === "stray" ? 300 : 10_000,
      metadata: {
        "x-mode": mode,
        "x-secret": canaries.in("metadata"),
        "x-secret-bin": canaries.bytes("metadata-bin"),
        authorization: `Bearer ${canaries.in("bearer")}`,
        cookie: canaries.in("cookie"),
      },
    });
    const hear = async (call: Promise<unknown>, isFor: "its caller" | "us" = "us") => {
      const error = await call.then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (error !== undefined && isFor === "us") sink.add("errors of the client", error);
      return error;
    };
    for (const mode of ["ok", "error", "text", "object", "stack", "nested", "stray", "wrong-type"]) {
      await hear(client.sayHello({ name }, options(mode)));
      await hear(collect(client.sayManyHellos({ name, count: 2 }, options(mode))));
      await hear(client.collectHellos([{ name }], options(mode)));
      await hear(collect(client.chat([{ name }], options(mode))));
    }
    // What is not served, until it is an anomaly.
    const probe = createClient(ReflectionService, channel, { timeoutMs: 10_000 });
    for (let times = 0; times < 5; times++) {
      await hear(collect(probe.serverReflectionInfo([{ host: canaries.in("probe") }], options("ok"))));
    }
    // Messages that cannot be decoded; the direct transport refuses them before, for what their schemas say.
    const bytes = createClient(greeterOfBytes(), channel, { timeoutMs: 10_000 });
    const malformed = Buffer.concat([Buffer.of(0xff), canaries.bytes("malformed"), Buffer.of(0xfe)]) as never;
    const refused = await hear(bytes.sayHello({ name: malformed }, options("ok")));
    const expected = transport === "h2" ? Status.INVALID_ARGUMENT : Status.FAILED_PRECONDITION;
    expect((refused as RpcError).status).toBe(expected);
    // Spoken on purpose: its caller hears it, and nobody else.
    const spoken = await hear(client.sayHello({ name }, options("spoken")), "its caller");
    expect((spoken as RpcError).rawMessage).toBe(canaries.in("spoken"));
    // What fails on the client is for whoever wrote it, and for no log or server.
    const failing = clientWith({
      interceptors: [
        async () => {
          throw canaries.error("interceptor");
        },
      ],
    });
    await hear(failing.sayHello({ name }), "its caller");
    async function* requests() {
      yield { name };
      throw canaries.error("iterable");
    }
    await hear(collect(client.chat(requests())), "its caller");
    await hear(client.sayHello({ name: { secret: canaries.in("wrong-request") } as never }), "its caller");
    await hear(collect(client.sayManyHellos({ name, count: canaries.in("wrong-number") as never })), "its caller");
    const hook = () => {
      throw canaries.error("hook");
    };
    await hear(client.sayHello({ name }, { onHeader: hook, onTrailer: hook }), "its caller");
    const leaving = new AbortController();
    const left = hear(client.sayHello({ name }, { ...options("stray"), signal: leaving.signal }), "its caller");
    leaving.abort(canaries.error("abort-reason"));
    await left;
    // Tokens: of no form, of the right form but of nobody, and not to be had.
    const claims = (text: string) =>
      Buffer.from(JSON.stringify({ jti: text, sub: text, exp: 4_000_000_000 })).toString("base64url");
    const forged = `eyJhbGciOiJFUzI1NiJ9.${claims(canaries.in("token-claims"))}.${claims(canaries.in("token-signature"))}`;
    const tokens = [
      forged,
      canaries.in("token").replaceAll("-", ""),
      tokenSource({
        issue: () => {
          throw canaries.error("token-source");
        },
      }),
    ];
    for (const token of tokens) {
      const isThrown = typeof token !== "string";
      const call = async () => clientWith({ token }).collectHellos([{ name }]);
      await hear(call(), isThrown ? "its caller" : "us");
    }
    const good = clientWith({ token: await scene.newToken() });
    expect(await good.collectHellos([{ name }])).toMatchObject({ greeting: "hello" });
    await hear(good.collectHellos([{ name }], options("error")));
    // By a peer that has no manners: metadata that nobody can read, and what is no request at all.
    const leaf = {
      pem: readFileSync(join(world.client, "cert.pem"), "utf8"),
      keyPem: readFileSync(join(world.client, "key.pem"), "utf8"),
    };
    const raw = await RawH2Client.connect(world.target.slice("unix:".length), leaf);
    const unreadable = {
      authorization: `Bearer ${canaries.in("unreadable-bearer")}\u00ff`,
      "x-secret": `${canaries.in("unreadable-metadata")}\u009b`,
    };
    for (const headers of [
      unreadable,
      { ...unreadable, ":method": "PUT" },
      { "x-secret-bin": canaries.in("no-base64") },
    ]) {
      await raw.call({ ":path": "/hello.v1.GreeterService/SayHello", ...headers }, framed(Buffer.alloc(0)));
    }
    const badToken = join(tempDirectory(), "token");
    writeFileSync(badToken, `${canaries.in("token-file")}\nsecond line\n`, { mode: 0o600 });
    await hear(clientWith({ token: tokenFile(badToken) }).collectHellos([{ name }]));

    const path = "hello.v1.GreeterService/SayHello";
    const common = ["--credentials", world.client, "--peer", serverId];
    const call = ["call", world.target, path, "--proto", "proto", ...common];
    const secret = ["--metadata", `x-secret=${canaries.in("cli-metadata")}`];
    for (const mode of ["ok", "error", "nested"]) {
      const json = JSON.stringify({ name: canaries.in("cli-request") });
      sink.add("pinwire call", await pinwire([...call, json, ...secret, "--metadata", `x-mode=${mode}`]));
    }
    sink.add("pinwire top", await pinwire(["top", world.target, ...common, "--once"]));
    sink.add("pinwire top", await pinwire(["top", world.target, ...common, "--once", "--json"]));
    sink.add("pinwire explain", await pinwire(["explain", "ERR_HANDLER_FAILED"]));
    await scene.finish();
    expect(Object.keys(sink.sizes).sort()).toEqual(
      [
        ...["OpenTelemetry", "admin service", "anchor", "anomalies", "audit log", "channel.stats()", "client log"],
        ...["credentials error", "errors of the client", "pinwire audit", "pinwire call", "pinwire explain"],
        ...["pinwire top", "policy error", "server log", "server.stats()"],
      ].sort(),
    );
    expect(sink.leaksOf(canaries)).toEqual([]);
  });
});

describe("a canary in files that cannot be read", () => {
  it("is in no error, nor in the output of the commands", { timeout: 60_000 }, async () => {
    const [canaries, sink, world] = [new Canaries(), new Sink(), await ExampleWorld.make()];
    const pem = (label: string, place: string) =>
      `-----BEGIN ${label}-----\n${Buffer.from(canaries.in(place)).toString("base64")}\n-----END ${label}-----\n`;
    const broken: readonly (readonly [file: string, content: string])[] = [
      ["key.pem", canaries.in("key-without-form")],
      ["key.pem", pem("PRIVATE KEY", "key")],
      ["key.pem", pem("ENCRYPTED PRIVATE KEY", "encrypted-key")],
      ["cert.pem", pem("CERTIFICATE", "certificate")],
      ["bundle.pem", canaries.in("bundle")],
      ["pins.json", `{"version":1,"peers":{"${canaries.in("pins")}`],
    ];
    for (const [index, [file, content]] of broken.entries()) {
      const directory = join(tempDirectory(), `credentials-${index}`);
      cpSync(world.client, directory, { recursive: true });
      writeFileSync(join(directory, file), content, { mode: 0o600 });
      const error = await loadCredentials(directory, { watch: false }).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error, file).toBeDefined();
      sink.add(`credentials error of ${file}`, error);
      sink.add(
        `pinwire call with ${file}`,
        await pinwire(["top", world.target, "--credentials", directory, "--peer", serverId, "--once"]),
      );
    }
    const issue = ["issue", "--ca", join(world.dir, "locked"), "spiffe://local.test/x", "--out", join(world.dir, "x")];
    for (const [passphrase, words] of [
      ["passphrase", ["init", "--ca", join(world.dir, "locked"), "--trust-domain", "local.test"]],
      ["passphrase", issue],
      ["wrong-passphrase", issue],
    ] as const) {
      const env = { ...process.env, PINWIRE_CA_PASSPHRASE: canaries.in(passphrase) };
      const { stdout, stderr } = spawnSync(process.execPath, [built("certs-tool/main.js"), ...words], {
        encoding: "utf8",
        env,
      });
      sink.add("certs-tool", stdout + stderr);
    }
    expect(sink.leaksOf(canaries)).toEqual([]);
  });
});

describe("the sink", () => {
  it("finds a secret in whatever form it was written, and says where", () => {
    const canaries = new Canaries();
    const secret = canaries.in("place");
    const forms: Record<string, unknown> = {
      text: `before ${secret} after`,
      json: JSON.stringify({ deep: [{ secret }] }),
      base64: Buffer.from(`x${secret}yz`).toString("base64"),
      base64url: Buffer.from(`xy${secret}~~~`).toString("base64url"),
      hex: Buffer.from(secret).toString("hex"),
      cause: new Error("a", { cause: Object.assign(new Error("b"), { details: { secret } }) }),
    };
    for (const [where, what] of Object.entries(forms)) {
      const sink = new Sink();
      sink.add(where, what);
      expect(sink.leaksOf(canaries)).toEqual([expect.stringMatching(`^place in ${where}: `)]);
    }
    const clean = new Sink();
    clean.add("text", `CANARY-place ${Buffer.from("CANARY-place").toString("base64")}`);
    expect(clean.leaksOf(canaries)).toEqual([]);
  });
});
