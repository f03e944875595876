// IN-04: requests by a raw HTTP/2 client that are wrong in one thing each. The handler runs for those that are good after
// all, and for no other; the server lives; what a peer hears says nothing of what it sent.
import type { OutgoingHttpHeaders } from "node:http2";
import { describe, expect, it } from "vitest";
import { requestFault } from "../../src/rpc/h2/strict-requests.js";
import { Status } from "../../src/status.js";
import { GreeterPair } from "../helpers/greeter-pair.js";
import { clientId } from "../helpers/identities.js";
import { framed, RawH2Client, type RawResponse } from "../helpers/raw-h2-client.js";

const path = "/hello.v1.GreeterService/SayHello";
const body = framed(Buffer.from([0x0a, 1, 0x41]));

interface Attempt {
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Uint8Array;
  /** What comes back. */
  readonly gives: Partial<RawResponse>;
  /** The code in the log; none when the handler runs. */
  readonly code?: string;
}

const ok = { httpStatus: 200, status: Status.OK };
const http = (httpStatus: number) => ({ httpStatus, status: undefined });
const fails = (status: Status) => ({ httpStatus: 200, status });
const malformed = "ERR_REQUEST_MALFORMED";
const grpc = "application/grpc";

const attempts: Record<string, Attempt> = {
  "a good request": { gives: ok },
  "application/grpc+proto": { headers: { "content-type": `${grpc}+proto` }, gives: ok },
  "application/grpc;charset=utf-8": { headers: { "content-type": `${grpc};charset=utf-8` }, gives: ok },
  PUT: { headers: { ":method": "PUT" }, gives: http(405), code: malformed },
  GET: { headers: { ":method": "GET" }, gives: http(405), code: malformed },
  DELETE: { headers: { ":method": "DELETE" }, gives: http(405), code: malformed },
  "a method in small letters": { headers: { ":method": "post" }, gives: http(405), code: malformed },
  "application/grpc-web": { headers: { "content-type": `${grpc}-web` }, gives: http(415), code: malformed },
  "application/grpc-web+proto": { headers: { "content-type": `${grpc}-web+proto` }, gives: http(415), code: malformed },
  "application/grpcx": { headers: { "content-type": `${grpc}x` }, gives: http(415), code: malformed },
  "application/json": { headers: { "content-type": "application/json" }, gives: http(415), code: malformed },
  "an empty content type": { headers: { "content-type": "" }, gives: http(415), code: malformed },
  "two content types": { headers: { "content-type": `${grpc}, text/plain` }, gives: http(415), code: malformed },
  "a content type in capitals": { headers: { "content-type": "APPLICATION/GRPC" }, gives: http(415), code: malformed },
  "grpc-encoding gzip, without use": { headers: { "grpc-encoding": "gzip" }, gives: ok },
  "an unknown grpc-encoding, without use": { headers: { "grpc-encoding": "zstd" }, gives: ok },
  "a timeout": { headers: { "grpc-timeout": "99999999S" }, gives: ok },
  "a timeout of hours without end": { headers: { "grpc-timeout": "99999999H" }, gives: ok },
  "no time left": {
    headers: { "grpc-timeout": "0S" },
    gives: fails(Status.DEADLINE_EXCEEDED),
    code: "ERR_RPC_DEADLINE_EXCEEDED",
  },
  "binary metadata": { headers: { "x-bin": "AAEC" }, gives: ok },
  "binary metadata without padding": { headers: { "x-bin": "AA" }, gives: ok },
  "binary metadata with padding": { headers: { "x-bin": "AA==" }, gives: ok },
  "several binary values": { headers: { "x-bin": "AAEC,AA, AAE=" }, gives: ok },
  "empty binary metadata": { headers: { "x-bin": "" }, gives: ok },
  "binary metadata that is no base64": { headers: { "x-bin": "%%%" }, gives: http(400), code: malformed },
  "binary metadata of one character": { headers: { "x-bin": "A" }, gives: http(400), code: malformed },
  "binary metadata with a letter that base64 lacks": {
    headers: { "x-bin": "AA-_" },
    gives: http(400),
    code: malformed,
  },
  "20 KB of metadata": { headers: { "x-large": "x".repeat(20_000) }, gives: ok },
  "40 KB of metadata": {
    headers: { "x-large": "x".repeat(40_000) },
    gives: { ...fails(Status.RESOURCE_EXHAUSTED), message: "the request metadata is too large" },
    code: "ERR_METADATA_TOO_LARGE",
  },
  "500 keys of metadata": {
    headers: Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`x-key-${i}`, "x".repeat(50)])),
    gives: {},
  },
  "the reserved grpc- keys": { headers: { "grpc-own": "1", "grpc-status": "5" }, gives: ok },
  "keys that JavaScript knows": { headers: { __proto__x: "1", constructor: "2", "to-string": "3" }, gives: ok },
  "no message at all": { body: Buffer.alloc(0), gives: fails(Status.UNIMPLEMENTED), code: "ERR_MESSAGE_COUNT" },
  "two messages": { body: Buffer.concat([body, body]), gives: fails(Status.UNIMPLEMENTED), code: "ERR_MESSAGE_COUNT" },
  "an empty message": { body: framed(Buffer.alloc(0)), gives: ok },
  "a message that is no protobuf": {
    body: framed(Buffer.from([0xff])),
    gives: fails(Status.INVALID_ARGUMENT),
    code: "ERR_MESSAGE_MALFORMED",
  },
  "a length over the limit": {
    body: framed(Buffer.from([1]), 0xffff_ffff),
    gives: fails(Status.RESOURCE_EXHAUSTED),
    code: "ERR_MESSAGE_TOO_LARGE",
  },
  "a compression flag of 2": {
    body: framed(Buffer.from([0x0a, 1, 0x41]), 3, 2),
    gives: { ...fails(Status.INTERNAL), message: "the request is not valid gRPC" },
    code: "ERR_MESSAGE_MALFORMED",
  },
  "a compression flag of 255": {
    body: framed(Buffer.from([0x0a, 1, 0x41]), 3, 255),
    gives: fails(Status.INTERNAL),
    code: "ERR_MESSAGE_MALFORMED",
  },
  "a path of 30 KB": {
    headers: { ":path": `/${"a".repeat(30_000)}/b` },
    gives: fails(Status.PERMISSION_DENIED),
    code: "ERR_POLICY",
  },
  "a path without a slash": { headers: { ":path": "SayHello" }, gives: {} },
  "another host": { headers: { ":authority": "evil.example" }, gives: ok },
  "a scheme of its own": { headers: { ":scheme": "gopher" }, gives: ok },
  "a user agent of 10 KB": { headers: { "user-agent": "x".repeat(10_000) }, gives: ok },
};

describe("IN-04: malformed requests", () => {
  for (const [what, { headers = {}, body: sent = body, gives, code }] of Object.entries(attempts)) {
    it(what, async () => {
      let handled = 0;
      const pair = await GreeterPair.start({
        implementation: {
          sayHello: ({ name }) => {
            handled += 1;
            return { greeting: name };
          },
        },
      });
      const raw = await RawH2Client.of(pair);
      const response = await raw.call({ ":path": path, ...headers }, sent);
      expect(response).toMatchObject(gives);
      expect(handled).toBe(gives.status === Status.OK ? 1 : 0);
      if (code !== undefined) {
        const record = await pair.log.find((each) => each.code === code);
        expect(record).toMatchObject({ peer: clientId });
        expect(JSON.stringify(record).length).toBeLessThan(1_000);
      }
      // The connection is good for the next call, or HTTP/2 has ended it; the server is good for others in any case.
      if (gives.httpStatus !== undefined) expect(await raw.call({ ":path": path }, body)).toMatchObject(ok);
      await pair.client.collectHellos([]);
    });
  }

  const forbidden: Record<string, OutgoingHttpHeaders> = {
    "a connection header": { connection: "close" },
    "transfer-encoding": { "transfer-encoding": "chunked" },
  };
  for (const [what, headers] of Object.entries(forbidden)) {
    it(`${what}: node:http2 does not even send it, and a server that gets it refuses`, async () => {
      const pair = await GreeterPair.start();
      const raw = await RawH2Client.of(pair);
      const refused = raw.call({ ":path": path, ...headers }, body).catch((error: unknown) => error);
      expect(await refused).not.toMatchObject({ status: Status.OK });
      await pair.client.collectHellos([]);
    });
  }

  it("te of anything but trailers, should it arrive", () => {
    const headers = { ":method": "POST", "content-type": grpc };
    for (const te of ["gzip", "trailers, deflate", ""]) {
      expect(requestFault({ ...headers, te })).toMatchObject({ code: malformed, answer: { ":status": 400 } });
    }
    expect(requestFault({ ...headers, te: "trailers" })).toBeUndefined();
    expect(requestFault(headers)).toBeUndefined();
  });

  it("counts what is no call against the rate of its sender, and among the refusals", async () => {
    const pair = await GreeterPair.start({
      server: { limits: { callsPerSecond: { perSecond: 1 / 3_600, burst: 3 } } },
    });
    const raw = await RawH2Client.of(pair);
    for (let i = 0; i < 3; i++) await raw.call({ ":path": path, ":method": "PUT" });
    expect(await raw.call({ ":path": path }, body)).toMatchObject({ status: Status.RESOURCE_EXHAUSTED });
    expect(pair.server.refusedCalls.get("ERR_REQUEST_MALFORMED")).toBe(3);
  });

  it("writes no more records than ten a second for one who sends nothing else", async () => {
    const pair = await GreeterPair.start();
    const raw = await RawH2Client.of(pair);
    await Promise.all(Array.from({ length: 200 }, () => raw.call({ ":path": path, ":method": "PUT" })));
    const records = pair.log.records.filter(({ event }) => event === "request refused");
    expect(records.length).toBeLessThan(100);
    expect(pair.server.refusedCalls.get("ERR_REQUEST_MALFORMED")).toBe(200);
  });
});
