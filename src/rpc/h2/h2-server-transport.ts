import { performance } from "node:perf_hooks";
import {
  Server,
  ServerCredentials,
  type ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  type ServerOptions,
} from "@grpc/grpc-js";
import { Status } from "../../status.js";
import type { SecureConnection } from "../../transport/secure-connection.js";
import type { ServerStreamHandler, ServerTransport } from "../transport.js";
import { serveEveryPath } from "./every-path.js";
import { H2ServerStream } from "./h2-server-stream.js";
import { quietGrpc } from "./quiet-grpc.js";
import { type RequestFault, strictRequests } from "./strict-requests.js";
import { TimeoutHeaders } from "./timeout-headers.js";

export interface H2ServerOptions {
  readonly maxMessageBytes: number;
  readonly maxConcurrentStreams: number;
  readonly keepaliveTimeMs: number;
  readonly keepaliveTimeoutMs: number;
  /** How long calls may go on after their connection was told to take no more. */
  readonly drainTimeoutMs: number;
  /** A peer sent what is no request of gRPC; it was answered. */
  onRefusedRequest(connection: SecureConnection, fault: RequestFault): void;
}

/**
 * Whoever asks for a drain ends the connection when the time is up, after a last word to the calls still under way. Only
 * if that fails, grpc-js cuts it off.
 */
const backstopMs = 5_000;

/**
 * grpc-js up to 1.14.7 at least takes a connection on which SETTINGS and GOAWAY come together for a good one, and then spins
 * for ever. So much time is between the two.
 */
const settlingMs = 100;

/** Connections that retire together. */
interface Group {
  readonly injector: ReturnType<Server["createConnectionInjector"]>;
  connections: number;
  /** When the last of them came, on the clock of `performance.now()`. */
  youngest: number;
  /** Until they are told to leave. */
  timer: NodeJS.Timeout | undefined;
}

/** gRPC over HTTP/2 by grpc-js, which is given verified connections and never listens itself. */
export class H2ServerTransport implements ServerTransport {
  readonly #server: Server;
  readonly #graceMs: number;
  /**
   * One injector per verified leaf and generation: connections that retire together are drained together, and no other
   * with them.
   */
  readonly #groups = new Map<string, Group>();

  constructor(handler: ServerStreamHandler, options: H2ServerOptions) {
    quietGrpc();
    this.#graceMs = options.drainTimeoutMs + backstopMs;
    const timeoutOf = () => timeouts.current;
    this.#server = new Server({ ...grpcOptions(options), interceptors: [takeOver(handler, timeoutOf)] });
    serveEveryPath(this.#server);
    strictRequests(this.#server, (stream, fault) => {
      const connection = connectionOfStream(stream);
      if (connection !== undefined) options.onRefusedRequest(connection, fault);
    });
    const timeouts = new TimeoutHeaders(this.#server);
  }

  accept(connection: SecureConnection): void {
    nameConnection(connection);
    const key = `${connection.generation} ${connection.peer.leaf.serialNumber} ${connection.peer.pin}`;
    const group = this.#groups.get(key) ?? this.#addGroup(key);
    group.connections += 1;
    group.youngest = performance.now();
    // Before it may have to leave: only who is there is told.
    group.injector.injectConnection(connection.socket);
    connection.onRetire(() => {
      if (this.#groups.get(key) !== group) return;
      // Whoever connects from now on gets a new injector: the end of this one's grace period is also theirs.
      this.#groups.delete(key);
      this.#drain(group);
    });
    connection.onClose(() => {
      group.connections -= 1;
      if (group.connections > 0) return;
      if (this.#groups.get(key) === group) this.#groups.delete(key);
      clearTimeout(group.timer);
      group.injector.destroy();
    });
  }

  drain(): void {
    for (const group of this.#groups.values()) this.#drain(group);
    this.#groups.clear();
  }

  close(): void {
    this.#server.forceShutdown();
  }

  /** Not in one piece with the first words of a connection: there are clients that never recover from that. */
  #drain(group: Group): void {
    const waitMs = group.youngest + settlingMs - performance.now();
    if (waitMs <= 0) group.injector.drain(this.#graceMs);
    else group.timer = setTimeout(() => group.injector.drain(this.#graceMs), waitMs).unref();
  }

  #addGroup(key: string): Group {
    // "Insecure" means that grpc-js adds no TLS of its own: what is injected is a verified TLS connection.
    const injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
    const group = { injector, connections: 0, youngest: 0, timer: undefined };
    this.#groups.set(key, group);
    return group;
  }
}

function grpcOptions(options: H2ServerOptions): ServerOptions {
  return {
    "grpc.max_receive_message_length": options.maxMessageBytes,
    "grpc.max_concurrent_streams": options.maxConcurrentStreams,
    "grpc.keepalive_time_ms": options.keepaliveTimeMs,
    "grpc.keepalive_timeout_ms": options.keepaliveTimeoutMs,
    "grpc.enable_channelz": 0,
  };
}

/** Takes each call over before grpc-js's own handlers see it. */
function takeOver(handler: ServerStreamHandler, timeoutOf: () => number | undefined): ServerInterceptor {
  return (method, call) => {
    const connection = connectionOf(call.getAuthContext().sslPeerCertificate);
    if (connection === undefined) return unverified(call);
    const arriving = { path: method.path, timeoutMs: timeoutOf() };
    return inPlaceOf(() => H2ServerStream.serve(arriving, connection, call, handler));
  };
}

/**
 * What an interceptor returns. grpc-js calls `start()` on it, and nothing else until its listener is called, which never
 * happens; so nothing else is there. (Deriving it from the call would make every call the prototype of an object, which
 * V8 takes as a reason to give each a shape of its own: twice the cost of a call.)
 */
function inPlaceOf(start: () => void): ServerInterceptingCall {
  return { start } as unknown as ServerInterceptingCall;
}

/**
 * grpc-js tells a call's connection only by its peer certificate, which it reads from the socket anew for each call. An
 * object of ours in that place saves the parsing and leads back to the connection.
 */
const connections = new WeakMap<object, SecureConnection>();

function nameConnection(connection: SecureConnection): void {
  const certificate = connection.socket.getPeerCertificate();
  connections.set(certificate, connection);
  Object.assign(connection.socket, { getPeerCertificate: () => certificate });
}

function connectionOf(certificate: object | undefined): SecureConnection | undefined {
  return certificate && connections.get(certificate);
}

function connectionOfStream(stream: unknown): SecureConnection | undefined {
  const { session } = stream as { session?: { socket?: { getPeerCertificate?: () => object } } };
  return connectionOf(session?.socket?.getPeerCertificate?.());
}

/** Cannot happen with the grpc-js this was written for; should another lose the certificate, nobody is authenticated. */
function unverified(call: ServerInterceptingCallInterface): ServerInterceptingCall {
  return inPlaceOf(() => call.sendStatus({ code: Status.UNAUTHENTICATED, details: "not authenticated" }));
}
