import { connect, createServer, type Socket } from "node:net";
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from "node:tls";
import { onTestFinished } from "vitest";
import { clientId, serverId, type World } from "./identities.js";
import { Queue } from "./secure-pair.js";
import { tempAddress } from "./temp-socket.js";
import { serveRaw } from "./tls-peer.js";

export const directions = ["toServer", "toClient"] as const;
export type Direction = (typeof directions)[number];

export interface RelayOptions {
  /** Called with every new line, before a byte has passed. */
  readonly onLine?: (line: Line) => void;
  /** Whether lines keep a copy of what passes; see {@link Line.recording}. */
  readonly record?: boolean;
}

/** Sits between clients and a server and does to their bytes what a test wants. It sees TLS records, not what is in them. */
export class Relay {
  readonly address = tempAddress();
  readonly target = this.address.text;
  readonly lines = new Queue<Line>();
  /** As the option; may be set anew. */
  onLine: RelayOptions["onLine"];
  readonly #record: boolean;
  #to: string;

  /** `to` is the path of the server's socket. */
  static async start(to: string, options: RelayOptions = {}): Promise<Relay> {
    const relay = new Relay(to, options);
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
    server.on("connection", (client) => relay.#add(client, relay.#dial()));
    await serveRaw(relay.address, server);
    return relay;
  }

  /**
   * Ends TLS on both sides, which only who has the keys of both can do: it sees the plaintext. What passes in one piece
   * leaves as one TLS record.
   */
  static async startInside(to: string, world: World, options: RelayOptions = {}): Promise<Relay> {
    const relay = new Relay(to, options);
    const { pem: cert, keyPem: key } = world.leaf(serverId);
    const asServer = { cert, key, requestCert: true, rejectUnauthorized: false, ALPNProtocols: ["pinwire/1"] };
    const server = createTlsServer({ ...asServer, allowHalfOpen: true });
    server.on("secureConnection", (client) => relay.#add(client, relay.#dialInside(world)));
    server.on("tlsClientError", () => {});
    await serveRaw(relay.address, server);
    return relay;
  }

  private constructor(to: string, { onLine, record = false }: RelayOptions) {
    this.#to = to;
    this.onLine = onLine;
    this.#record = record;
  }

  /** Where connections go from now on. */
  redirect(to: string): void {
    this.#to = to;
  }

  #dial(): Socket {
    return connect({ path: this.#to, allowHalfOpen: true });
  }

  #dialInside(world: World): TLSSocket {
    const { pem: cert, keyPem: key } = world.leaf(clientId);
    return connectTls({ socket: this.#dial(), cert, key, rejectUnauthorized: false, ALPNProtocols: ["pinwire/1"] });
  }

  #add(client: Socket, server: Socket): void {
    const line = new Line(client, server, this.#record);
    this.onLine?.(line);
    this.lines.add(line);
    line.begin();
  }
}

/** One connection through a relay. */
export class Line {
  /** Bytes that have passed. */
  readonly passed: Record<Direction, number> = { toServer: 0, toClient: 0 };
  /** Called with what has arrived, before it is passed on. */
  onBytes: ((direction: Direction, bytes: Buffer) => void) | undefined;
  /** Whether every byte is passed on its own. */
  byteWise = false;
  /** Settles when both ends are closed. */
  readonly closed: Promise<unknown>;
  readonly #recorded: Record<Direction, Buffer[]> | undefined;
  readonly #ends: Readonly<Record<Direction, { from: Socket; to: Socket }>>;
  readonly #held: Record<Direction, (() => void)[] | undefined> = { toServer: undefined, toClient: undefined };
  readonly #cutAfter: Record<Direction, number> = { toServer: Infinity, toClient: Infinity };
  readonly #turn: Record<Direction, Promise<void>> = { toServer: Promise.resolve(), toClient: Promise.resolve() };

  constructor(client: Socket, server: Socket, record: boolean) {
    this.#recorded = record ? { toServer: [], toClient: [] } : undefined;
    this.#ends = { toServer: { from: client, to: server }, toClient: { from: server, to: client } };
    const closings = [client, server].map((socket) => {
      socket.on("error", () => {});
      onTestFinished(() => void socket.destroy());
      return new Promise((resolve) => socket.once("close", resolve));
    });
    this.closed = Promise.all(closings);
  }

  begin(): void {
    for (const direction of directions) {
      const { from, to } = this.#ends[direction];
      from.on("data", (bytes: Buffer) => {
        this.#recorded?.[direction].push(bytes);
        this.onBytes?.(direction, bytes);
        this.#whenOpen(direction, () => this.#pass(direction, bytes));
      });
      from.on("end", () => this.#whenOpen(direction, () => this.#inTurn(direction, async () => void to.end())));
      from.on("close", () => this.#whenOpen(direction, () => this.#inTurn(direction, async () => void to.destroy())));
      from.resume();
    }
  }

  /** Keeps what arrives from now on, also that an end has closed: the other end hears nothing any more. */
  hold(...which: readonly Direction[]): void {
    for (const direction of which) this.#held[direction] ??= [];
  }

  /** Passes on what was kept. */
  release(...which: readonly Direction[]): void {
    for (const direction of which) {
      const held = this.#held[direction] ?? [];
      this.#held[direction] = undefined;
      for (const pass of held) pass();
    }
  }

  /** All that has arrived so far. */
  recording(): Record<Direction, Buffer> {
    const { toServer = [], toClient = [] } = this.#recorded ?? {};
    return { toServer: Buffer.concat(toServer), toClient: Buffer.concat(toClient) };
  }

  /** Both ends are gone at once, without a word. */
  cut(): void {
    for (const { from } of Object.values(this.#ends)) from.destroy();
  }

  /** Cuts when so many bytes have passed. */
  cutAfter(direction: Direction, bytes: number): void {
    this.#cutAfter[direction] = bytes;
    if (bytes === 0) this.cut();
  }

  #whenOpen(direction: Direction, pass: () => void): void {
    const held = this.#held[direction];
    if (held === undefined) pass();
    else held.push(pass);
  }

  #pass(direction: Direction, bytes: Buffer): void {
    const { to } = this.#ends[direction];
    const room = this.#cutAfter[direction] - this.passed[direction];
    const passing = bytes.subarray(0, room);
    this.passed[direction] += passing.length;
    const pieces = this.byteWise ? Array.from(passing, (byte) => Buffer.of(byte)) : [passing];
    this.#inTurn(direction, async () => {
      for (const piece of pieces) await written(to, piece);
      if (room <= bytes.length) this.cut();
    });
  }

  /** One after the other, so that two writes do not become one. */
  #inTurn(direction: Direction, act: () => Promise<void>): void {
    this.#turn[direction] = this.#turn[direction].then(act);
  }
}

function written(socket: Socket, bytes: Buffer): Promise<void> {
  if (!socket.writable) return Promise.resolve();
  return new Promise((resolve) => socket.write(bytes, () => resolve()));
}
