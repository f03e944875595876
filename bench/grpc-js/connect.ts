import { once } from "node:events";
import type { Readable } from "node:stream";
import { ChannelCredentials, Client } from "@grpc/grpc-js";
import type { Party } from "../place.js";
import { readParty } from "../read-party.js";
import type { Connection } from "../subject.js";
import { sendAll } from "./send-all.js";
import { methods } from "./service-definition.js";

/** Connects with mutual TLS and grpc-js's defaults. */
export async function connector(target: string, party: Party): Promise<() => Connection> {
  const { key, cert, ca } = await readParty(party);
  const credentials = ChannelCredentials.createSsl(ca, key, cert);
  // Otherwise what looks like a new connection is the last one, taken from grpc-js's pool.
  const options = { "grpc.use_local_subchannel_pool": 1, "grpc.ssl_target_name_override": "localhost" };
  return () => new GrpcConnection(new Client(target, credentials, options));
}

class GrpcConnection implements Connection {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  echo(payload: Uint8Array): Promise<number> {
    const { path, requestSerialize, responseDeserialize } = methods.echo;
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { payload }, (error, reply) =>
        reply === undefined ? reject(error) : resolve(reply.payload.length),
      );
    });
  }

  download(messageBytes: number, count: number): Promise<number> {
    const { path, requestSerialize, responseDeserialize } = methods.download;
    const request = { messageBytes, count };
    return received(this.#client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request));
  }

  upload(payload: Uint8Array, count: number): Promise<number> {
    const { path, requestSerialize, responseDeserialize } = methods.upload;
    return new Promise((resolve, reject) => {
      const call = this.#client.makeClientStreamRequest(path, requestSerialize, responseDeserialize, (error, reply) =>
        reply === undefined ? reject(error) : resolve(reply.count),
      );
      sendAll(call, payload, count);
    });
  }

  exchange(payload: Uint8Array, count: number): Promise<number> {
    const { path, requestSerialize, responseDeserialize } = methods.exchange;
    const call = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    sendAll(call, payload, count);
    return received(call);
  }

  async linger(payload: Uint8Array): Promise<void> {
    const { path, requestSerialize, responseDeserialize } = methods.exchange;
    const call = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    call.on("error", () => {});
    call.write({ payload });
    await once(call, "data");
  }

  close(): void {
    this.#client.close();
  }
}

function received(call: Pick<Readable, "on">): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    call.on("data", ({ payload }: { payload: Uint8Array }) => {
      bytes += payload.length;
    });
    call.on("end", () => resolve(bytes));
    call.on("error", reject);
  });
}
