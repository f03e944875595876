// IN-05: answers of a raw HTTP/2 server with a good certificate. Whatever comes, a client's call ends with a status that
// exists and a text, before its deadline where the answer has ended, and the next call is as good as the first.
import { constants, type ServerHttp2Stream } from "node:http2";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { Status, statusName } from "../../src/status.js";
import { attackedH2Client } from "../helpers/attacked-h2-client.js";
import { failure } from "../helpers/collect.js";
import { framed } from "../helpers/raw-h2-client.js";
import { answerWith, grpcAnswer, type RawAnswer } from "../helpers/raw-h2-server.js";

const greeting = Buffer.from([0x0a, 1, 0x41]);
const message = framed(greeting);
const good = answerWith(grpcAnswer, message, { "grpc-status": "0" });

interface Response {
  readonly answer: RawAnswer;
  readonly gives: Status;
  readonly text?: string | RegExp;
  readonly code?: string;
  /** The answer never ends: only the deadline helps. */
  readonly endless?: boolean;
}

const { UNKNOWN, INTERNAL, UNAVAILABLE, UNIMPLEMENTED, RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED, CANCELLED } = Status;

const withStatus = (value: string | readonly string[]) => answerWith(grpcAnswer, message, { "grpc-status": value });
const encoded = (encoding: string, bytes: Uint8Array, flag = 1) =>
  answerWith({ ...grpcAnswer, "grpc-encoding": encoding }, framed(bytes, bytes.length, flag), { "grpc-status": "0" });
const reset =
  (code: number, before?: (stream: ServerHttp2Stream) => void): RawAnswer =>
  (stream) => {
    before?.(stream);
    stream.close(code);
  };

const responses: Record<string, Response> = {
  "HTTP 400": { answer: answerWith({ ":status": 400 }), gives: INTERNAL },
  "HTTP 401": { answer: answerWith({ ":status": 401 }), gives: Status.UNAUTHENTICATED },
  "HTTP 403": { answer: answerWith({ ":status": 403 }), gives: Status.PERMISSION_DENIED },
  "HTTP 404": { answer: answerWith({ ":status": 404 }), gives: UNIMPLEMENTED },
  "HTTP 500 with a page": {
    answer: answerWith({ ":status": 500, "content-type": "text/html" }, Buffer.from("<p>")),
    gives: UNKNOWN,
  },
  "HTTP 503": { answer: answerWith({ ":status": 503 }), gives: UNAVAILABLE },
  "a status that is no number": { answer: withStatus("swordfish"), gives: UNKNOWN },
  "status 999": { answer: withStatus("999"), gives: UNKNOWN },
  "status 17": { answer: withStatus("17"), gives: UNKNOWN },
  "status -1": { answer: withStatus("-1"), gives: UNKNOWN },
  "status 1.5": { answer: withStatus("1.5"), gives: UNKNOWN },
  "trailers without a status": { answer: answerWith(grpcAnswer, message, { "x-other": "1" }), gives: UNKNOWN },
  "no trailers": { answer: answerWith(grpcAnswer, message), gives: INTERNAL },
  "headers and nothing else": { answer: answerWith(grpcAnswer), gives: UNKNOWN },
  "OK without a message": {
    answer: answerWith(grpcAnswer, undefined, { "grpc-status": "0" }),
    gives: UNIMPLEMENTED,
    code: "ERR_MESSAGE_COUNT",
  },
  "two messages": {
    answer: answerWith(grpcAnswer, Buffer.concat([message, message]), { "grpc-status": "0" }),
    gives: UNIMPLEMENTED,
    code: "ERR_MESSAGE_COUNT",
    text: "the server sent more than one response message",
  },
  "two messages, and no end": {
    answer: (stream) => {
      stream.respond(grpcAnswer);
      stream.write(Buffer.concat([message, message]));
    },
    gives: UNIMPLEMENTED,
    code: "ERR_MESSAGE_COUNT",
  },
  "half a message": {
    answer: answerWith(grpcAnswer, message.subarray(0, 6), { "grpc-status": "0" }),
    gives: UNIMPLEMENTED,
  },
  "half a prefix": {
    answer: answerWith(grpcAnswer, message.subarray(0, 3), { "grpc-status": "0" }),
    gives: UNIMPLEMENTED,
  },
  "a length of 4 GiB": {
    answer: answerWith(grpcAnswer, framed(greeting, 0xffff_ffff), { "grpc-status": "0" }),
    gives: RESOURCE_EXHAUSTED,
    code: "ERR_MESSAGE_TOO_LARGE",
  },
  "a message that is no protobuf": {
    answer: answerWith(grpcAnswer, framed(Buffer.from([0xff])), { "grpc-status": "0" }),
    gives: INTERNAL,
    code: "ERR_MESSAGE_MALFORMED",
  },
  "a compression flag without compression": { answer: encoded("identity", greeting), gives: INTERNAL },
  "gzip that is none": { answer: encoded("gzip", Buffer.from("swordfish")), gives: INTERNAL },
  "gzip that is cut off": { answer: encoded("gzip", gzipSync(greeting).subarray(0, -6)), gives: INTERNAL },
  "a bomb of 200 MB": { answer: encoded("gzip", gzipSync(Buffer.alloc(200 * 1024 * 1024))), gives: RESOURCE_EXHAUSTED },
  "a compression that nobody knows": {
    answer: encoded("zstd", greeting),
    gives: INTERNAL,
    text: "the response is compressed in a way this side does not know",
  },
  "INTERNAL_ERROR instead of an answer": { answer: reset(constants.NGHTTP2_INTERNAL_ERROR), gives: INTERNAL },
  "CANCEL instead of an answer": { answer: reset(constants.NGHTTP2_CANCEL), gives: CANCELLED },
  "ENHANCE_YOUR_CALM instead of an answer": {
    answer: reset(constants.NGHTTP2_ENHANCE_YOUR_CALM),
    gives: RESOURCE_EXHAUSTED,
  },
  "INADEQUATE_SECURITY instead of an answer": {
    answer: reset(constants.NGHTTP2_INADEQUATE_SECURITY),
    gives: Status.PERMISSION_DENIED,
  },
  "a reset after the header": {
    answer: reset(constants.NGHTTP2_INTERNAL_ERROR, (stream) => stream.respond(grpcAnswer)),
    gives: INTERNAL,
  },
  "the end of the connection": {
    answer: (stream) => stream.session?.destroy(),
    gives: UNAVAILABLE,
    code: "ERR_CONNECTION_LOST",
  },
  "the end of the connection in a message": {
    answer: (stream, server) => {
      stream.respond(grpcAnswer);
      stream.write(message.subarray(0, 6), () => server.cut());
    },
    gives: UNAVAILABLE,
    code: "ERR_CONNECTION_LOST",
  },
  silence: { answer: () => {}, gives: DEADLINE_EXCEEDED, endless: true, text: "the deadline of the call has passed" },
  "a header, then silence": {
    answer: (stream) => stream.respond(grpcAnswer),
    gives: DEADLINE_EXCEEDED,
    endless: true,
  },
  "a whole message, then silence": {
    answer: (stream) => {
      stream.respond(grpcAnswer);
      stream.write(message);
    },
    gives: DEADLINE_EXCEEDED,
    endless: true,
  },
};

describe("IN-05: bad responses", () => {
  for (const [what, { answer, gives, text, code, endless }] of Object.entries(responses)) {
    it(`${what}: ${statusName(gives)}`, async () => {
      const { client, server } = await attackedH2Client(good);
      // The connection is there: what follows is the answer's doing.
      expect((await client.sayHello({ name: "x" })).greeting).toBe("A");
      server.answer = answer;
      const error = await failure(client.sayHello({ name: "x" }, { timeoutMs: endless ? 100 : 10_000 }));
      expect(error).toMatchObject({ status: gives });
      // A server that gives no text of its own gets the name of its status.
      expect(error.message.startsWith(statusName(gives))).toBe(true);
      if (text !== undefined) expect(error.rawMessage).toMatch(text);
      if (code !== undefined) expect(error.code).toBe(code);
      server.answer = good;
      expect((await client.sayHello({ name: "x" }, { waitForReady: true })).greeting).toBe("A");
    });
  }

  it("never makes a success of several statuses", async () => {
    const { client, server } = await attackedH2Client(good);
    for (const statuses of ["5, 0", "0, 5", "0,0"]) {
      server.answer = answerWith(grpcAnswer, message, { "grpc-status": statuses });
      expect(await failure(client.sayHello({ name: "x" }))).toMatchObject({ status: UNKNOWN });
    }
  });
});
