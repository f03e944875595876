import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from "@grpc/grpc-js";
import type { DownloadRequest, EchoRequest, ExchangeRequest, UploadRequest } from "../gen/pinwire/bench/v1/bench_pb.js";
import type { Party } from "../place.js";
import { readParty } from "../read-party.js";
import { sendAll } from "./send-all.js";
import { methods } from "./service-definition.js";

type Payload = Pick<EchoRequest, "payload">;

/** Serves with mutual TLS and grpc-js's defaults. Resolves to the port, which means nothing for a Unix socket. */
export async function serve(target: string, party: Party): Promise<number> {
  const server = new Server();
  server.addService(methods, { echo, download, upload, exchange });
  const { key, cert, ca } = await readParty(party);
  const credentials = ServerCredentials.createSsl(ca, [{ private_key: key, cert_chain: cert }], true);
  return new Promise((resolve, reject) => {
    server.bindAsync(target, credentials, (error, port) => (error ? reject(error) : resolve(port)));
  });
}

function echo({ request }: ServerUnaryCall<EchoRequest, Payload>, reply: sendUnaryData<Payload>): void {
  reply(null, { payload: request.payload });
}

function download(call: ServerWritableStream<DownloadRequest, Payload>): void {
  const payload = new Uint8Array(call.request.messageBytes).fill(0x61);
  sendAll(call, payload, call.request.count);
}

function upload(call: ServerReadableStream<UploadRequest, { count: number }>, reply: sendUnaryData<{ count: number }>) {
  let count = 0;
  call.on("data", () => {
    count += 1;
  });
  call.on("end", () => reply(null, { count }));
}

function exchange(call: ServerDuplexStream<ExchangeRequest, Payload>): void {
  call.on("data", ({ payload }: ExchangeRequest) => {
    if (call.write({ payload })) return;
    call.pause();
    call.once("drain", () => call.resume());
  });
  call.on("end", () => call.end());
}
