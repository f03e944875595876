import { Channel, ChannelCredentials, ServerCredentials } from "@grpc/grpc-js";
import { createClient, createServer } from "nice-grpc";
import { methods } from "../grpc-js/service-definition.js";
import { handlers } from "../handlers.js";
import { readParty } from "../read-party.js";
import type { Subject } from "../subject.js";
import { typedConnection } from "../typed-connection.js";

type Payload = { payload: Uint8Array };

/** nice-grpc tells the kinds of methods apart by literal types, and must be told that plain objects will do as messages. */
const definition = {
  echo: { ...plain<Payload, Payload>(methods.echo), requestStream: false, responseStream: false },
  download: {
    ...plain<{ messageBytes: number; count: number }, Payload>(methods.download),
    requestStream: false,
    responseStream: true,
  },
  upload: { ...plain<Payload, { count: number }>(methods.upload), requestStream: true, responseStream: false },
  exchange: { ...plain<Payload, Payload>(methods.exchange), requestStream: true, responseStream: true },
} as const;

interface PlainMethod<I, O> {
  readonly path: string;
  readonly requestSerialize: (request: I) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => I;
  readonly responseSerialize: (response: O) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => O;
}

function plain<I, O>(method: PlainMethod<I, O>): PlainMethod<I, O> {
  return method;
}

export const subject: Subject = {
  kind: "module",
  description: "nice-grpc, its defaults, mutual TLS over a Unix socket",
  packageName: "nice-grpc",
  async serve({ socketPath, server: party }) {
    const { key, cert, ca } = await readParty(party);
    const server = createServer();
    server.add(definition, handlers);
    const target = `unix:${socketPath}`;
    await server.listen(target, ServerCredentials.createSsl(ca, [{ private_key: key, cert_chain: cert }], true));
    return target;
  },
  async connector({ client: party }, target) {
    const { key, cert, ca } = await readParty(party);
    const credentials = ChannelCredentials.createSsl(ca, key, cert);
    // Otherwise what looks like a new connection is the last one, taken from grpc-js's pool.
    const options = { "grpc.use_local_subchannel_pool": 1, "grpc.ssl_target_name_override": "localhost" };
    return () => {
      // nice-grpc's own createChannel() adds a port to the path.
      const channel = new Channel(target, credentials, options);
      const client = createClient(definition, channel);
      return typedConnection(client, () => channel.close());
    };
  },
};
