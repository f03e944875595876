import { once } from "node:events";
import { createSecureServer } from "node:http2";
import { connect as connectTls } from "node:tls";
import { createClient } from "@connectrpc/connect";
import { connectNodeAdapter, createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { BenchService } from "../gen/pinwire/bench/v1/bench_pb.js";
import { handlers } from "../handlers.js";
import { readParty } from "../read-party.js";
import type { Subject } from "../subject.js";
import { typedConnection } from "../typed-connection.js";

export const subject: Subject = {
  kind: "module",
  description: "connect-node with the gRPC protocol on node:http2, its defaults, mutual TLS over a Unix socket",
  packageName: "@connectrpc/connect-node",
  async serve({ socketPath, server: party }) {
    const options = { ...(await readParty(party)), requestCert: true, rejectUnauthorized: true };
    const adapter = connectNodeAdapter({ routes: (router) => router.service(BenchService, handlers) });
    const server = createSecureServer(options, adapter).listen({ path: socketPath });
    await once(server, "listening");
    return socketPath;
  },
  async connector({ client: party }, path) {
    const tls = { ...(await readParty(party)), path, servername: "localhost", ALPNProtocols: ["h2"] };
    return () => {
      const sessionManager = new Http2SessionManager(
        "https://localhost",
        {},
        { createConnection: () => connectTls(tls) },
      );
      const client = createClient(BenchService, createGrpcTransport({ baseUrl: "https://localhost", sessionManager }));
      return typedConnection(client, () => sessionManager.abort());
    };
  },
};
