import { create, toBinary } from "@bufbuild/protobuf";
import { expect } from "vitest";
import { data, end, flag, type HelloInit, type LastWord, open, type } from "../../scripts/direct-frames.js";
import {
  CollectHellosRequestSchema,
  SayHelloRequestSchema,
  SayHelloResponseSchema,
} from "../../src/gen/hello/v1/greeter_pb.js";
import { parseAddress } from "../../src/transport/address.js";
import { GreeterPair, type PairOptions, RecordingLogger } from "./greeter-pair.js";
import { clientId, serverId } from "./identities.js";
import { RawDirectPeer, RawDirectServer } from "./raw-direct-peer.js";
import { sentOnce } from "./sent-once.js";

const path = "/hello.v1.GreeterService/";

/** The methods of the greeter, as paths; a server announces them in some order. */
export const methods = {
  sayHello: `${path}SayHello`,
  sayManyHellos: `${path}SayManyHellos`,
  collectHellos: `${path}CollectHellos`,
  chat: `${path}Chat`,
} as const;

/** A request of SayHello; the others that take one name read it as well. */
export function request(name = "x"): Uint8Array {
  return toBinary(SayHelloRequestSchema, create(SayHelloRequestSchema, { name }));
}

/** A message of CollectHellos with exactly so many bytes. */
export function requestOf(bytes: number): Uint8Array {
  // The key, the length, the name: each size of name has its own size of length.
  for (let name = bytes; name >= 0; name--) {
    const message = toBinary(
      CollectHellosRequestSchema,
      create(CollectHellosRequestSchema, { name: "x".repeat(name) }),
    );
    if (message.length === bytes) return message;
  }
  throw new Error(`there is no request of ${bytes} bytes`);
}

export function response(greeting = "hello"): Uint8Array {
  return toBinary(SayHelloResponseSchema, create(SayHelloResponseSchema, { greeting }));
}

/** A call of SayHello from its beginning to the client's end of it. */
export function wholeCall(streamId: number, name = "x"): Buffer {
  return Buffer.concat([open(streamId, { method: methods.sayHello }), data(streamId, request(name), flag.last)]);
}

/** A pinwire server and a raw client of it. A good client on a connection of its own looks on. */
export class AttackedServer {
  readonly pair: GreeterPair;

  static async start(options: PairOptions = {}): Promise<AttackedServer> {
    const attacked = new AttackedServer(await GreeterPair.start(options));
    await attacked.expectService();
    return attacked;
  }

  private constructor(pair: GreeterPair) {
    this.pair = pair;
  }

  connect(): Promise<RawDirectPeer> {
    return RawDirectPeer.connect(this.pair.target.slice("unix:".length), this.pair.world.leaf(clientId));
  }

  /** A raw client that has said HELLO and heard the server's. */
  async greeted(init: HelloInit = {}): Promise<RawDirectPeer> {
    const peer = await this.connect();
    await peer.greet(init);
    return peer;
  }

  /** The other connection is as it was. */
  async expectService(): Promise<void> {
    expect((await this.pair.client.sayHello({ name: "bystander" })).greeting).toContain("bystander");
  }

  /** The connection of the peer has ended with the code, and that alone is in the log; nobody else has noticed. */
  async expectEnd(peer: RawDirectPeer, violation: string, code: number): Promise<LastWord> {
    const lastWord = await peer.lastWord();
    expect(lastWord).toMatchObject({ code, text: violation });
    expectOneRecord(this.pair.log, violation, clientId);
    await this.expectService();
    return lastWord;
  }
}

/** A pinwire client and a raw server. */
export class AttackedClient {
  readonly pair: GreeterPair;
  readonly server: RawDirectServer;
  readonly log: RecordingLogger;

  static async start(options: PairOptions["client"] = {}): Promise<AttackedClient> {
    const log = new RecordingLogger();
    const pair = new GreeterPair({
      client: { transports: ["direct"], logger: log, serviceConfig: sentOnce, ...options },
    });
    const address = parseAddress(pair.target);
    if (address.kind !== "unix") throw new TypeError("the greeter's target is a Unix socket");
    return new AttackedClient(pair, await RawDirectServer.listen(address, pair.world.leaf(serverId)), log);
  }

  private constructor(pair: GreeterPair, server: RawDirectServer, log: RecordingLogger) {
    this.pair = pair;
    this.server = server;
    this.log = log;
  }

  get client() {
    return this.pair.client;
  }

  /** The connection has ended with the code; calls on others are served. */
  async expectEnd(peer: RawDirectPeer, violation: string, code: number): Promise<void> {
    expect(await peer.lastWord()).toMatchObject({ code, text: violation });
    expectOneRecord(this.log, violation, serverId);
    await this.expectService();
  }

  async expectService(): Promise<void> {
    // A client of its own: the attacked one may wait a moment before it connects again.
    const call = this.pair.newClient().sayHello({ name: "x" });
    await serve(await this.server.greet());
    expect((await call).greeting).toBe("hello");
  }
}

/** Answers the next call as a good server does. */
export async function serve(peer: RawDirectPeer): Promise<void> {
  const { streamId } = await peer.next(type.open);
  await peer.next(type.data);
  peer.send(data(streamId, response()), end(streamId));
}

function expectOneRecord(log: RecordingLogger, violation: string, peer: string): void {
  const records = log.records.filter(({ event }) => event === "protocol violation");
  expect(records).toMatchObject([{ level: "warn", code: "ERR_PROTOCOL_VIOLATION", violation, peer }]);
}
