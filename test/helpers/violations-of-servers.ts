import {
  cancel,
  data,
  end,
  flag,
  frame,
  header,
  hello,
  metadataBlock,
  open,
  ping,
  type,
  window,
} from "../../scripts/direct-frames.js";
import { response } from "./direct-attack.js";
import type { Violation } from "./violations-of-clients.js";

const header1 = (block: Uint8Array | string = "") => frame(type.header, 0, 1, block);
const end1 = (payload: Uint8Array | string) => frame(type.end, 0, 1, payload);
const badHello = (what: string, init: Parameters<typeof hello>[0]) =>
  ({ violation: "BAD_HELLO", what, frames: [hello(init)], first: true }) as const;

export interface ViolationOfServer extends Violation {
  /** Nobody reads the responses. */
  readonly unread?: true;
  /** The call is over before. */
  readonly succeeds?: true;
}

/** What a server can do to a client that has one call under way, on stream 1. */
export const violationsOfServers: readonly ViolationOfServer[] = [
  { violation: "UNKNOWN_FRAME", what: "type 0", frames: [frame(0, 0, 0)] },
  { violation: "UNKNOWN_FRAME", what: "type 10", frames: [frame(10, 0, 1)] },

  { violation: "BAD_FLAGS", what: "HEADER with flags", frames: [frame(type.header, 1, 1)] },
  { violation: "BAD_FLAGS", what: "END with flags", frames: [frame(type.end, 1, 1, "\0")] },
  { violation: "BAD_FLAGS", what: "a last message", frames: [data(1, response(), flag.last)] },
  { violation: "BAD_FLAGS", what: "an end of messages", frames: [data(1, "", flag.last | flag.none)] },

  {
    violation: "FRAME_TOO_LARGE",
    what: "DATA that promises four gigabytes",
    frames: [header(0xffff_ffff, type.data, 0, 1)],
  },

  { violation: "BAD_PAYLOAD", what: "END of two bytes", frames: [end1("\0\0")] },
  { violation: "BAD_PAYLOAD", what: "END with a message longer than itself", frames: [end1("\0\0\u0005abcd")] },
  { violation: "BAD_PAYLOAD", what: "success in the middle of a message", frames: [data(1, "x", flag.more), end(1)] },
  { violation: "BAD_PAYLOAD", what: "a part of a message without bytes", frames: [data(1, "", flag.more)] },
  { violation: "BAD_PAYLOAD", what: "WINDOW without credit", frames: [window(0, 0)] },
  { violation: "BAD_PAYLOAD", what: "PING of seven bytes", frames: [ping("1234567")] },
  { violation: "BAD_PAYLOAD", what: "GOAWAY of four bytes", frames: [frame(type.goAway, 0, 0, "1234")] },

  { violation: "UNEXPECTED_FRAME", what: "OPEN from a server", frames: [open(1)] },
  { violation: "UNEXPECTED_FRAME", what: "CANCEL from a server", frames: [cancel(1)] },
  { violation: "UNEXPECTED_FRAME", what: "a second HELLO", frames: [hello()] },
  { violation: "UNEXPECTED_FRAME", what: "a second HEADER", frames: [header1(), header1()] },
  { violation: "UNEXPECTED_FRAME", what: "HEADER after a message", frames: [data(1, response()), header1()] },
  { violation: "UNEXPECTED_FRAME", what: "HEADER within a message", frames: [data(1, "x", flag.more), header1()] },

  { violation: "HELLO_MISSING", what: "PING before HELLO", frames: [ping()], first: true },
  { violation: "HELLO_MISSING", what: "END before HELLO", frames: [end(1)], first: true },
  { violation: "HELLO_MISSING", what: "DATA before HELLO", frames: [data(1, response())], first: true },

  { violation: "BAD_HELLO", what: "no protobuf", frames: [frame(type.hello, 0, 0, Buffer.alloc(9, 255))], first: true },
  badHello("no limits", { limits: null }),
  badHello("a short name", { connectionId: Buffer.alloc(15) }),
  badHello("too little credit for a stream", { limits: { streamWindowBytes: 1023 } }),
  badHello("a method twice", {
    methods: [
      { path: "/a.B/C", fingerprint: Buffer.alloc(8) },
      { path: "/a.B/C", fingerprint: Buffer.alloc(8) },
    ],
  }),
  badHello("a method without a path", { methods: [{ path: "", fingerprint: Buffer.alloc(8) }] }),

  { violation: "UNSUPPORTED_VERSION", what: "version 2", frames: [hello({ version: 2 })], first: true },

  { violation: "BAD_STREAM_ID", what: "HEADER on a stream that never was", frames: [frame(type.header, 0, 3)] },
  { violation: "BAD_STREAM_ID", what: "END on a stream that never was", frames: [end(3)] },
  { violation: "BAD_STREAM_ID", what: "DATA on an even stream", frames: [data(2, response())] },
  { violation: "BAD_STREAM_ID", what: "DATA on stream 0", frames: [data(0, response())] },
  { violation: "BAD_STREAM_ID", what: "END on stream 0", frames: [end(0)] },
  { violation: "BAD_STREAM_ID", what: "WINDOW for a stream that never was", frames: [window(3, 4096)] },

  {
    violation: "BAD_METADATA",
    what: "HEADER with half a pair",
    frames: [header1(metadataBlock(["k", "v"]).subarray(0, -1))],
  },
  {
    violation: "BAD_METADATA",
    what: "a trailer with a capital letter",
    frames: [end1(Buffer.concat([Buffer.alloc(3), metadataBlock(["K", "v"])]))],
  },

  { violation: "METADATA_TOO_LARGE", what: "HEADER", frames: [header1(metadataBlock(["k", "v".repeat(32 * 1024)]))] },
  {
    violation: "METADATA_TOO_LARGE",
    what: "a trailer",
    frames: [end1(Buffer.concat([Buffer.alloc(3), metadataBlock(["k", "v".repeat(32 * 1024)])]))],
  },

  {
    violation: "CREDIT_EXCEEDED",
    what: "a message on a call that has ended",
    frames: [data(1, response()), end(1), data(1, response())],
    succeeds: true,
  },
  {
    violation: "DATA_AFTER_END",
    what: "a message after END",
    frames: [data(1, response()), end(1), data(1, response())],
    unread: true,
  },
  {
    violation: "DATA_AFTER_END",
    what: "a second END",
    frames: [data(1, response()), end(1), end(1)],
    unread: true,
  },

  { violation: "CREDIT_OVERFLOW", what: "credit for the connection", frames: [window(0, 0x7fff_ffff)] },
  { violation: "CREDIT_OVERFLOW", what: "credit for a stream", frames: [window(1, 0x7fff_ffff)] },

  { violation: "BAD_STATUS", what: "END without a status", frames: [end1("")] },
  { violation: "BAD_STATUS", what: "END with status 17", frames: [end(1, 17)] },
  { violation: "BAD_STATUS", what: "END with status 255", frames: [end(1, 255)] },
];
