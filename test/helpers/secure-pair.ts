import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import type { CredentialState } from "../../src/credentials/credential-state.js";
import { defaults } from "../../src/defaults.js";
import { PeerError } from "../../src/errors.js";
import { SpiffeId } from "../../src/identity/spiffe-id.js";
import { MutableSource } from "../../src/source.js";
import type { ConnectionLimits } from "../../src/transport/admission.js";
import { protocols } from "../../src/transport/protocols.js";
import type { SecureConnection } from "../../src/transport/secure-connection.js";
import { type DialOptions, dial } from "../../src/transport/secure-dialer.js";
import {
  type ConnectionRefusal,
  createSecureListener,
  type SecureListener,
  type SecureListenerOptions,
} from "../../src/transport/secure-listener.js";
import { clientId, serverId, World } from "./identities.js";
import { tempAddress } from "./temp-socket.js";

export interface SecurePairOptions extends Partial<Omit<SecureListenerOptions, "limits">> {
  readonly world?: World;
  readonly limits?: Partial<ConnectionLimits>;
}

/** A secure listener that echoes what it reads, and the means to connect to it. All is closed when the test is over. */
export class SecurePair {
  readonly world: World;
  readonly address = tempAddress();
  readonly serverCredentials: MutableSource<CredentialState>;
  readonly clientCredentials: MutableSource<CredentialState>;
  readonly accepted = new Queue<SecureConnection>();
  readonly refused = new Queue<ConnectionRefusal>();
  readonly listener: SecureListener;

  static async start(options: SecurePairOptions = {}): Promise<SecurePair> {
    const pair = new SecurePair(options);
    await pair.listener.listen(pair.address);
    return pair;
  }

  constructor({ world = new World(), limits, ...options }: SecurePairOptions = {}) {
    this.world = world;
    this.serverCredentials = new MutableSource(world.credentials(serverId, clientId));
    this.clientCredentials = new MutableSource(world.credentials(clientId, serverId));
    this.listener = createSecureListener({
      credentials: this.serverCredentials,
      protocols: [protocols.direct, protocols.h2],
      limits: { ...defaults, ...limits },
      onConnection: (connection) => {
        echo(connection);
        this.accepted.add(connection);
      },
      onRefused: (refusal) => this.refused.add(refusal),
      ...options,
    });
    onTestFinished(() => this.listener.close());
  }

  /** Connects as the client and reads the greeting; the connection is closed with the test. */
  async dial(options: Partial<DialOptions> = {}): Promise<SecureConnection> {
    const connection = await this.connect(options);
    const first = await nextBytes(connection.socket);
    if (!first.equals(greeting)) throw new Error(`the server began with ${first.toString("hex")}`);
    return connection;
  }

  /** The same, with the greeting still to be read. */
  async connect(options: Partial<DialOptions> = {}): Promise<SecureConnection> {
    const connection = await dial({
      address: this.address,
      credentials: this.clientCredentials,
      expected: SpiffeId.parse(serverId),
      protocols: [protocols.direct],
      handshakeTimeoutMs: 10_000,
      ...options,
    });
    onTestFinished(() => void connection.socket.destroy());
    return connection;
  }

  /** Connects as anybody who can reach the socket. */
  rawSocket(): Socket {
    const socket = connect({ path: this.address.path });
    socket.on("error", () => {});
    onTestFinished(() => void socket.destroy());
    return socket;
  }

  /** That a good client is served: what it sends comes back. */
  async expectService(options: Partial<DialOptions> = {}): Promise<void> {
    const { socket } = await this.dial(options);
    await echoed(socket, "still there");
    socket.destroy();
  }
}

/** Servers speak first in both protocols. These bytes are an empty SETTINGS frame of HTTP/2; here they are only bytes. */
export const greeting = Buffer.from("000000040000000000", "hex");

function echo({ socket }: SecureConnection): void {
  socket.write(greeting);
  socket.on("data", (bytes) => socket.write(bytes));
}

/** Sends a text and waits until the same has come back. */
export async function echoed(socket: Socket, text: string): Promise<void> {
  socket.write(text);
  let received = "";
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    received += String(chunk);
    if (received === text) return;
  }
  throw new Error(`the connection ended after ${JSON.stringify(received)}`);
}

/** The next piece of data; later ones stay in the socket. */
export function nextBytes(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const onClose = () => reject(new Error("the connection ended"));
    socket.once("close", onClose).once("data", (bytes) => {
      socket.off("close", onClose).pause();
      resolve(bytes);
    });
  });
}

/** The PeerError that connecting fails with. */
export async function dialError(attempt: Promise<unknown>): Promise<PeerError> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof PeerError) return error;
    throw error;
  }
  throw new Error("the connection was made");
}

export function closed(connection: SecureConnection): Promise<Error | undefined> {
  return new Promise((resolve) => connection.onClose(resolve));
}

export function socketClosed(socket: Socket): Promise<void> {
  return new Promise((resolve) => (socket.closed ? resolve() : socket.once("close", () => resolve())));
}

/** Things that happen, in their order; a test takes them one by one and waits where there is none yet. */
export class Queue<T> {
  readonly all: T[] = [];
  #taken = 0;
  readonly #waiting: ((item: T) => void)[] = [];

  add(item: T): void {
    this.all.push(item);
    const waiter = this.#waiting.shift();
    if (waiter === undefined) return;
    this.#taken++;
    waiter(item);
  }

  async next(): Promise<T> {
    const item = this.all[this.#taken];
    if (item === undefined) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#taken++;
    return item;
  }
}
