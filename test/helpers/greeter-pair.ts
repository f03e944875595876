import { join } from "node:path";
import type { DescService } from "@bufbuild/protobuf";
import { onTestFinished } from "vitest";
import { type Channel, type ChannelOptions, createChannel } from "../../src/client/channel.js";
import type { ClientOptions } from "../../src/client/client.js";
import { type Client, createClient } from "../../src/client/client.js";
import type { CredentialState } from "../../src/credentials/credential-state.js";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import type { Logger } from "../../src/interceptors/logger.js";
import { allow } from "../../src/interceptors/policy.js";
import type { Implementation } from "../../src/rpc/implementation.js";
import { createServer, type Server } from "../../src/server/server.js";
import type { ServerOptions, ServerSettings } from "../../src/server/server-options.js";
import { MutableSource } from "../../src/source.js";
import type { TransportName } from "../../src/transport/protocols.js";
import { toGlobalSink } from "./global-sink.js";
import { clientId, serverId, World } from "./identities.js";
import { tempDirectory } from "./temp-directory.js";

export type Greeter = Implementation<typeof GreeterService>;
export type GreeterClient = Client<typeof GreeterService>;

/** Greets; each test replaces what it is about. */
export const greeter: Greeter = {
  sayHello: ({ name }, { peer }) => ({ greeting: `Hello, ${name}, known to me as ${peer.id}` }),
  async *sayManyHellos({ name, count }) {
    for (let i = 1; i <= count; i++) yield { greeting: `Hello, ${name}, for time ${i}` };
  },
  async collectHellos(requests) {
    const names: string[] = [];
    for await (const { name } of requests) names.push(name);
    return { greeting: `Hello, ${names.join(" and ")}`, count: names.length };
  },
  async *chat(requests) {
    for await (const { name } of requests) yield { greeting: `Hello, ${name}` };
  },
};

/** What the clients of this run speak; the servers speak everything. vitest.config.ts has the runs. */
export const testTransport: TransportName = process.env.PINWIRE_TEST_TRANSPORT === "h2" ? "h2" : "direct";

export interface PairOptions {
  readonly implementation?: Partial<Greeter>;
  readonly server?: Partial<ServerSettings>;
  readonly client?: Partial<ChannelOptions & ClientOptions>;
  /** The greeter with other options in its schema. */
  readonly service?: typeof GreeterService;
}

/** A server and a client that trust each other, on a real socket. Everything is gone when the test is over. */
export class GreeterPair {
  readonly world = new World();
  readonly log = new RecordingLogger();
  readonly target = `unix:${join(tempDirectory(), "run", "greeter.sock")}`;
  readonly serverCredentials = new MutableSource(this.world.credentials(serverId, clientId));
  readonly clientCredentials = new MutableSource(this.world.credentials(clientId, serverId));
  readonly server: Server;
  readonly #clientOptions: PairOptions["client"];
  readonly #service: typeof GreeterService;
  #client: GreeterClient | undefined;

  static async start(options: PairOptions = {}): Promise<GreeterPair> {
    const pair = new GreeterPair(options);
    await pair.server.listen(pair.target);
    return pair;
  }

  constructor({ implementation, server, client, service = GreeterService }: PairOptions = {}) {
    this.#service = service;
    this.server = createServer({
      credentials: this.serverCredentials,
      policy: [allow(GreeterService, clientId)],
      logger: this.log,
      ...server,
    } as ServerOptions);
    this.server.service(service, { ...greeter, ...implementation });
    this.#clientOptions = client;
    onTestFinished(() => this.server.close());
  }

  get client(): GreeterClient {
    this.#client ??= this.newClient();
    return this.#client;
  }

  /** Another client; it closes with the test. */
  newClient(options: PairOptions["client"] = {}): GreeterClient {
    return this.clientOf(this.#service, { ...this.#clientOptions, ...options });
  }

  /** How the client of the pair reaches its server. */
  get reach(): ChannelOptions {
    return { credentials: this.clientCredentials, target: this.target, peer: serverId, transports: [testTransport] };
  }

  /** A client of any service, without the options of the pair's own; it closes with the test. */
  clientOf<S extends DescService>(service: S, options: PairOptions["client"] = {}): Client<S> {
    const client = createClient(service, { ...this.reach, timeoutMs: 10_000, ...options });
    onTestFinished(() => client[Symbol.asyncDispose]());
    return client;
  }

  /** It closes with the test. */
  newChannel(options: Partial<ChannelOptions> = {}): Channel {
    const channel = createChannel({ ...this.reach, ...options });
    onTestFinished(() => channel.close());
    return channel;
  }

  /** A client of another identity, which pins the server and, unless told otherwise, is pinned by it. */
  strangerClient(id: string, { pinned = true } = {}): GreeterClient {
    const credentials = new MutableSource<CredentialState>(this.world.credentials(id, serverId));
    if (pinned) this.serverCredentials.set(this.world.credentials(serverId, clientId, id));
    return this.newClient({ credentials });
  }
}

export type LogRecord = Readonly<Record<string, unknown>> & { readonly level: string };

/** Keeps what is logged, and lets a test wait for it. */
export class RecordingLogger implements Logger {
  readonly records: LogRecord[] = [];
  readonly #waiting = new Set<() => void>();

  debug = (fields: object) => this.#add("debug", fields);
  info = (fields: object) => this.#add("info", fields);
  warn = (fields: object) => this.#add("warn", fields);
  error = (fields: object) => this.#add("error", fields);

  /** The records without those of ordinary connections. */
  get ofCalls(): LogRecord[] {
    return this.records.filter(({ event }) => event !== "connection opened" && event !== "connection closed");
  }

  /** The first record, present or future, that fits. */
  async find(fits: (record: LogRecord) => boolean): Promise<LogRecord> {
    for (;;) {
      const record = this.records.find(fits);
      if (record !== undefined) return record;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  #add(level: string, fields: object): void {
    this.records.push({ level, ...fields });
    toGlobalSink("a record", { level, ...fields });
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}
