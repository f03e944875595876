import { loadCredentials } from "../src/credentials/load-credentials.js";
import { defaults } from "../src/defaults.js";
import { SpiffeId } from "../src/identity/spiffe-id.js";
import { ClientCall } from "../src/rpc/client-call.js";
import { clientMethod } from "../src/rpc/client-method.js";
import { DirectServerTransport } from "../src/rpc/direct/direct-server-transport.js";
import { schemaFingerprint } from "../src/rpc/direct/schema-fingerprint.js";
import { methodPath } from "../src/rpc/method-path.js";
import { NegotiatedClientTransport } from "../src/rpc/negotiated-client-transport.js";
import { ServerCall } from "../src/rpc/server-call.js";
import { type AnyHandler, serverMethod } from "../src/rpc/server-method.js";
import { timeLimits } from "../src/rpc/time-limits.js";
import { parseAddress } from "../src/transport/address.js";
import { protocols } from "../src/transport/protocols.js";
import { dial, secureSocket } from "../src/transport/secure-dialer.js";
import { createSecureListener } from "../src/transport/secure-listener.js";
import { checkServerSocket } from "../src/transport/socket-check.js";
import { BenchService } from "./gen/pinwire/bench/v1/bench_pb.js";
import { handlers } from "./handlers.js";
import type { Connection, ModuleSubject } from "./subject.js";

const keepalive = { keepaliveTimeMs: 60_000, keepaliveTimeoutMs: 10_000 };
const handshake = { handshakeTimeoutMs: 5_000 };

/**
 * The direct transport with its verified connections, the codecs and the handler, and no stage between them: what the
 * stages cost is the difference to it. There is no such server in the public API.
 */
export const bareDirect: Omit<ModuleSubject, "description"> = {
  kind: "module",
  async serve({ socketPath, server: { directory } }) {
    const routes = new Map(
      BenchService.methods.map((method) => [
        methodPath(method),
        serverMethod(method, handlerOf(method.localName), bareOptions),
      ]),
    );
    const served = BenchService.methods.map((method) => ({
      path: methodPath(method),
      fingerprint: schemaFingerprint(method),
    }));
    const transport = new DirectServerTransport(
      (stream) => {
        const route = routes.get(stream.path);
        if (route === undefined) throw new Error(`nothing is served at ${stream.path}`);
        const call = new ServerCall(stream, route);
        void call.run();
        return call;
      },
      { ...defaults, ...keepalive, methodsFor: () => served, onViolation: () => {} },
    );
    const listener = createSecureListener({
      credentials: await loadCredentials(directory),
      protocols: [protocols.direct],
      limits: { ...defaults, maxConnectionsPerPeer: 1_024 },
      onConnection: (connection) => transport.accept(connection),
      onRefused: () => {},
    });
    const address = `unix:${socketPath}`;
    await listener.listen(parseAddress(address));
    return address;
  },
  async connector({ client: { directory }, server: { id } }, target) {
    const credentials = await loadCredentials(directory);
    const address = parseAddress(target);
    const expected = SpiffeId.parse(id);
    const common = { credentials, expected, ...handshake };
    return () => {
      const transport = new NegotiatedClientTransport(
        {
          path: address.path,
          dial: (protocols, signal) => dial({ ...common, address, protocols, signal }),
          check: () => checkServerSocket(address),
          secure: (raw, protocols) => secureSocket(raw, { ...common, protocols }),
        },
        {
          transports: ["direct"],
          ...defaults,
          ...keepalive,
          ...handshake,
          onFallback: () => {},
          onViolation: () => {},
        },
      );
      return unaryOnly(transport, expected);
    };
  },
};

const bareOptions = {
  outer: [],
  inner: [],
  maxMessageBytes: defaults.maxMessageBytes,
  timeLimits: timeLimits({ maxTimeoutMs: defaults.maxTimeoutMs, isChosen: false }, undefined),
};

function handlerOf(name: string): AnyHandler {
  return (handlers as unknown as Record<string, AnyHandler>)[name] ?? (() => undefined);
}

function unaryOnly(transport: NegotiatedClientTransport, peer: SpiffeId): Connection {
  const method = BenchService.method.echo;
  const route = clientMethod(method, {
    open: (request, listener) => transport.open(request, listener),
    stages: [],
    maxMessageBytes: defaults.maxMessageBytes,
  });
  const limits = { timeoutMs: 30_000, waitForReady: false };
  const none = () => Promise.reject(new Error("only unary calls are compared"));
  return {
    async echo(payload) {
      const call = new ClientCall(method, { id: peer }, { payload }, limits, {});
      await route.run(call);
      call.release();
      return (call.response as unknown as { payload: Uint8Array }).payload.length;
    },
    download: none,
    upload: none,
    exchange: none,
    close: () => transport.close(),
  };
}
