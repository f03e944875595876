import { connect as connectSocket, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { CredentialState } from "../credentials/credential-state.js";
import { defaults } from "../defaults.js";
import { PeerError } from "../errors.js";
import type { SpiffeId } from "../identity/spiffe-id.js";
import { validityFault } from "../identity/validity.js";
import type { X509Svid } from "../identity/x509-svid.js";
import type { Source } from "../source.js";
import type { Address } from "./address.js";
import { passGate } from "./gate.js";
import { GuardedConnection } from "./guarded-connection.js";
import { closedDuringHandshake, handshakeError, handshakeTimeout } from "./handshake-error.js";
import { listenForRefusal } from "./listen-for-refusal.js";
import type { SecureConnection } from "./secure-connection.js";
import { checkServerSocket } from "./socket-check.js";
import { clientTlsOptions } from "./tls-options.js";

export interface SecureSocketOptions {
  readonly credentials: Source<CredentialState>;
  /** The only server accepted. */
  readonly expected: SpiffeId;
  /** In order of preference; see {@link protocols}. */
  readonly protocols: readonly string[];
  /** From here to the verified connection. */
  readonly handshakeTimeoutMs: number;
  readonly now?: () => number;
  /** How long a retired connection may finish its calls. @default 10_000 */
  readonly retireGraceMs?: number;
  /** Gives up at once; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface DialOptions extends SecureSocketOptions {
  readonly address: Address;
  /** The users a server may run as. @default this process's user and root */
  readonly socketOwners?: readonly number[];
}

/**
 * Checks the socket, connects, and verifies who answers.
 *
 * @throws PeerError with the precise reason, in every case of failure
 * @throws ConfigError ERR_UNSUPPORTED_PLATFORM
 */
export async function dial({ address, socketOwners, ...options }: DialOptions): Promise<SecureConnection> {
  options.signal?.throwIfAborted();
  await checkServerSocket(address, socketOwners);
  options.signal?.throwIfAborted();
  const raw = connectSocket({ path: address.path });
  return bounded(raw, options, async () => {
    await connected(raw, address);
    return verifyServer(raw, options);
  });
}

/**
 * Runs TLS over a connected socket and verifies who answers. The socket is closed when that fails.
 *
 * @throws PeerError with the precise reason, in every case of failure
 */
export async function secureSocket(raw: Duplex, options: SecureSocketOptions): Promise<SecureConnection> {
  return bounded(raw, options, () => verifyServer(raw, options));
}

async function verifyServer(raw: Duplex, options: SecureSocketOptions): Promise<SecureConnection> {
  const { credentials, expected, protocols, retireGraceMs = defaults.drainTimeoutMs, now = Date.now } = options;
  const madeWith = credentials.current();
  const socket = connectTls({ socket: raw, ...clientTlsOptions(madeWith, protocols) });
  await secured(socket);
  const role = "server";
  const state = credentials.current();
  const { peer, protocol } = passGate(socket, { state, protocols, role, expected, now: new Date(now()) });
  const watched = { socket, peer, protocol, role, credentials, madeWith, now, retireGraceMs } as const;
  const connection = new GuardedConnection(watched);
  await listenForRefusal(connection).catch((error: unknown) => {
    throw withOwnFault(error, madeWith.svid, new Date(now()));
  });
  return connection;
}

/** A server does not tell strangers why it refuses them. The most frequent reason of all can be seen from here. */
function withOwnFault(error: unknown, { id, leaf }: X509Svid, now: Date): unknown {
  if (!(error instanceof PeerError) || error.code !== "ERR_REFUSED_BY_PEER") return error;
  const outdated = validityFault(leaf, now);
  if (outdated === undefined) return error;
  return new PeerError(error.code, `${error.message}; our own certificate, of ${id}, is outdated: ${outdated.fault}`);
}

/** Whatever fails in `work`, or takes too long, the socket is closed, and no event of it goes unheard. */
async function bounded(
  raw: Duplex,
  { handshakeTimeoutMs, signal }: SecureSocketOptions,
  work: () => Promise<SecureConnection>,
): Promise<SecureConnection> {
  raw.on("error", () => {});
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  const interrupted = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(handshakeTimeout(handshakeTimeoutMs)), handshakeTimeoutMs);
    onAbort = () => reject(signal?.reason);
    signal?.addEventListener("abort", onAbort);
  });
  try {
    signal?.throwIfAborted();
    if (raw.destroyed) throw closedDuringHandshake();
    return await Promise.race([work(), interrupted]);
  } catch (error) {
    raw.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    if (onAbort) signal?.removeEventListener("abort", onAbort);
  }
}

function connected(raw: Socket, address: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    raw.once("connect", resolve);
    raw.once("error", (cause) => reject(connectError(address, cause)));
  });
}

function connectError({ kind, path }: Address, cause: NodeJS.ErrnoException): PeerError {
  const what = kind === "unix" ? "socket" : "pipe";
  switch (cause.code) {
    case "ENOENT":
      return new PeerError("ERR_NO_SOCKET", `there is no ${what} at ${path}`, { cause });
    case "ECONNREFUSED":
      return new PeerError("ERR_STALE_SOCKET", `nobody listens on the ${what} ${path} any more`, { cause });
    case "EAGAIN":
      return new PeerError("ERR_CONNECT_FAILED", `too many clients wait at the ${what} ${path}`, { cause });
    default:
      return new PeerError("ERR_CONNECT_FAILED", `cannot connect to the ${what} ${path}: ${cause.code}`, { cause });
  }
}

function secured(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("secureConnect", resolve);
    socket.on("error", (cause) => reject(handshakeError(cause)));
    socket.once("close", () => reject(closedDuringHandshake()));
  });
}
