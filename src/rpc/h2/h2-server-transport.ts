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

export interface H2ServerOptions {
  readonly maxMessageBytes: number;
  readonly maxConcurrentStreams: number;
  readonly keepaliveTimeMs: number;
  readonly keepaliveTimeoutMs: number;
  /** How long calls may go on after their connection was told to take no more. */
  readonly drainTimeoutMs: number;
}

/**
 * Whoever asks for a drain ends the connection when the time is up, after a last word to the calls still under way. Only
 * if that fails, grpc-js cuts it off.
 */
const backstopMs = 5_000;

type Injector = ReturnType<Server["createConnectionInjector"]>;

/** gRPC over HTTP/2 by grpc-js, which is given verified connections and never listens itself. */
export class H2ServerTransport implements ServerTransport {
  readonly #server: Server;
  readonly #graceMs: number;
  /**
   * One injector per verified leaf and generation: connections that retire together are drained together, and no other
   * with them.
   */
  readonly #injectors = new Map<string, { injector: Injector; connections: number }>();

  constructor(handler: ServerStreamHandler, options: H2ServerOptions) {
    this.#graceMs = options.drainTimeoutMs + backstopMs;
    this.#server = new Server({ ...grpcOptions(options), interceptors: [takeOver(handler)] });
    serveEveryPath(this.#server);
  }

  accept(connection: SecureConnection): void {
    nameConnection(connection);
    const key = `${connection.generation} ${connection.peer.leaf.serialNumber} ${connection.peer.pin}`;
    const entry = this.#injectors.get(key) ?? this.#addInjector(key);
    entry.connections += 1;
    // Before it may have to leave: only who is there is told.
    entry.injector.injectConnection(connection.socket);
    connection.onRetire(() => {
      if (this.#injectors.get(key) !== entry) return;
      // Whoever connects from now on gets a new injector: the end of this one's grace period is also theirs.
      this.#injectors.delete(key);
      entry.injector.drain(this.#graceMs);
    });
    connection.onClose(() => {
      entry.connections -= 1;
      if (entry.connections > 0) return;
      if (this.#injectors.get(key) === entry) this.#injectors.delete(key);
      entry.injector.destroy();
    });
  }

  drain(): void {
    for (const { injector } of this.#injectors.values()) injector.drain(this.#graceMs);
    this.#injectors.clear();
  }

  close(): void {
    this.#server.forceShutdown();
  }

  #addInjector(key: string): { injector: Injector; connections: number } {
    // "Insecure" means that grpc-js adds no TLS of its own: what is injected is a verified TLS connection.
    const entry = {
      injector: this.#server.createConnectionInjector(ServerCredentials.createInsecure()),
      connections: 0,
    };
    this.#injectors.set(key, entry);
    return entry;
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
function takeOver(handler: ServerStreamHandler): ServerInterceptor {
  return (method, call) => {
    const connection = connectionOf(call.getAuthContext().sslPeerCertificate);
    if (connection === undefined) return unverified(call);
    return inPlaceOf(() => H2ServerStream.serve(method.path, connection, call, handler));
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

/** Cannot happen with the grpc-js this was written for; should another lose the certificate, nobody is authenticated. */
function unverified(call: ServerInterceptingCallInterface): ServerInterceptingCall {
  return inPlaceOf(() => call.sendStatus({ code: Status.UNAUTHENTICATED, details: "not authenticated" }));
}
