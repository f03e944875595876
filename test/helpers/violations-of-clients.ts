import {
  cancel,
  data,
  endOfMessages,
  flag,
  frame,
  goAway,
  header,
  hello,
  metadataBlock,
  open,
  openPayload,
  ping,
  type,
  window,
} from "../../scripts/direct-frames.js";
import { methods, request } from "./direct-attack.js";

/** One way to break the protocol: good up to the last frame. */
export interface Violation {
  readonly violation: string;
  readonly what: string;
  readonly frames: readonly Uint8Array[];
  /** Sent without HELLO before it. */
  readonly first?: true;
}

const collect = open(1, { method: methods.collectHellos });
const metadata = (block: Uint8Array) => [open(1, { metadata: Buffer.from(block) })];
const badHello = (what: string, init: Parameters<typeof hello>[0]) =>
  ({ violation: "BAD_HELLO", what, frames: [hello(init)], first: true }) as const;

/** What a client can do to a server. Frames of each type come with every fault that the type knows. */
export const violationsOfClients: readonly Violation[] = [
  { violation: "UNKNOWN_FRAME", what: "type 0", frames: [frame(0, 0, 0)] },
  { violation: "UNKNOWN_FRAME", what: "type 10", frames: [frame(10, 0, 1)] },
  { violation: "UNKNOWN_FRAME", what: "type 255, only its header", frames: [header(1000, 255, 0, 0)] },

  { violation: "BAD_FLAGS", what: "HELLO with flags", frames: [frame(type.hello, 1, 0)], first: true },
  { violation: "BAD_FLAGS", what: "OPEN with an unknown flag", frames: [frame(type.open, 4, 1, openPayload(1))] },
  { violation: "BAD_FLAGS", what: "DATA with an unknown flag", frames: [collect, data(1, request(), 8)] },
  { violation: "BAD_FLAGS", what: "CANCEL with flags", frames: [collect, frame(type.cancel, 1, 1)] },
  { violation: "BAD_FLAGS", what: "WINDOW with flags", frames: [frame(type.window, 1, 0, Buffer.alloc(4, 1))] },
  { violation: "BAD_FLAGS", what: "PING with an unknown flag", frames: [ping("12345678", 2)] },
  { violation: "BAD_FLAGS", what: "GOAWAY with flags", frames: [frame(type.goAway, 128, 0, Buffer.alloc(5))] },

  {
    violation: "FRAME_TOO_LARGE",
    what: "a header that promises four gigabytes",
    frames: [collect, header(0xffff_ffff, type.data, 0, 1)],
  },
  {
    violation: "FRAME_TOO_LARGE",
    what: "HELLO of a megabyte",
    frames: [header(1 << 20, type.hello, 0, 0)],
    first: true,
  },

  { violation: "BAD_PAYLOAD", what: "OPEN that is too short", frames: [frame(type.open, 0, 1, Buffer.alloc(17))] },
  { violation: "BAD_PAYLOAD", what: "CANCEL with a payload", frames: [collect, frame(type.cancel, 0, 1, "x")] },
  { violation: "BAD_PAYLOAD", what: "WINDOW of three bytes", frames: [frame(type.window, 0, 0, "abc")] },
  { violation: "BAD_PAYLOAD", what: "WINDOW of five bytes", frames: [frame(type.window, 0, 0, "abcde")] },
  { violation: "BAD_PAYLOAD", what: "WINDOW without credit", frames: [window(0, 0)] },
  { violation: "BAD_PAYLOAD", what: "WINDOW over 31 bits", frames: [window(0, 0x8000_0000)] },
  { violation: "BAD_PAYLOAD", what: "PING of seven bytes", frames: [ping("1234567")] },
  { violation: "BAD_PAYLOAD", what: "PING of nine bytes", frames: [ping("123456789")] },
  { violation: "BAD_PAYLOAD", what: "PING on a stream", frames: [collect, frame(type.ping, 0, 1, "12345678")] },
  { violation: "BAD_PAYLOAD", what: "GOAWAY of four bytes", frames: [frame(type.goAway, 0, 0, Buffer.alloc(4))] },
  {
    violation: "BAD_PAYLOAD",
    what: "GOAWAY on a stream",
    frames: [collect, frame(type.goAway, 0, 1, goAway(0).subarray(10))],
  },
  {
    violation: "BAD_PAYLOAD",
    what: "an end of messages with a message",
    frames: [collect, data(1, "x", flag.last | flag.none)],
  },
  { violation: "BAD_PAYLOAD", what: "no message and no end", frames: [collect, data(1, "", flag.none)] },
  {
    violation: "BAD_PAYLOAD",
    what: "no message, but more of it",
    frames: [collect, data(1, "", flag.none | flag.more)],
  },
  {
    violation: "BAD_PAYLOAD",
    what: "the end in the middle of a message",
    frames: [collect, data(1, "x", flag.more | flag.last)],
  },
  {
    violation: "BAD_PAYLOAD",
    what: "the end of messages in the middle of one",
    frames: [collect, data(1, "x", flag.more), endOfMessages(1)],
  },
  { violation: "BAD_PAYLOAD", what: "a part of a message without bytes", frames: [collect, data(1, "", flag.more)] },
  {
    violation: "BAD_PAYLOAD",
    what: "the rest of a message without bytes",
    frames: [collect, data(1, "x", flag.more), data(1, "")],
  },

  { violation: "UNEXPECTED_FRAME", what: "HEADER from a client", frames: [collect, frame(type.header, 0, 1)] },
  { violation: "UNEXPECTED_FRAME", what: "END from a client", frames: [collect, frame(type.end, 0, 1, "\0")] },
  { violation: "UNEXPECTED_FRAME", what: "a second HELLO", frames: [hello()] },
  { violation: "UNEXPECTED_FRAME", what: "HELLO on a stream", frames: [frame(type.hello, 0, 1)], first: true },

  { violation: "HELLO_MISSING", what: "OPEN before HELLO", frames: [open(1)], first: true },
  { violation: "HELLO_MISSING", what: "DATA before HELLO", frames: [data(1, request())], first: true },
  { violation: "HELLO_MISSING", what: "PING before HELLO", frames: [ping()], first: true },
  { violation: "HELLO_MISSING", what: "WINDOW before HELLO", frames: [window(0, 1)], first: true },
  { violation: "HELLO_MISSING", what: "CANCEL before HELLO", frames: [cancel(1)], first: true },

  { violation: "BAD_HELLO", what: "no protobuf", frames: [frame(type.hello, 0, 0, Buffer.alloc(9, 255))], first: true },
  badHello("no limits", { limits: null }),
  badHello("a short name", { connectionId: Buffer.alloc(15) }),
  badHello("a long name", { connectionId: Buffer.alloc(17) }),
  badHello("methods, from a client", { methods: [{ path: methods.sayHello, fingerprint: Buffer.alloc(8) }] }),
  badHello("frames that are too small", { limits: { maxFrameBytes: 16 * 1024 - 1 } }),
  badHello("no messages", { limits: { maxMessageBytes: 0 } }),
  badHello("no streams", { limits: { maxStreams: 0 } }),
  badHello("too little metadata", { limits: { maxMetadataBytes: 4095 } }),
  badHello("metadata that does not fit into a frame", {
    limits: { maxFrameBytes: 32 * 1024, maxMetadataBytes: 32 * 1024 },
  }),
  badHello("too little credit for a stream", { limits: { streamWindowBytes: 1023 } }),
  badHello("less credit for all than for one", { limits: { streamWindowBytes: 4096, connectionWindowBytes: 4095 } }),
  badHello("more credit than there can be", { limits: { connectionWindowBytes: 0x8000_0000 } }),

  { violation: "UNSUPPORTED_VERSION", what: "version 0", frames: [hello({ version: 0 })], first: true },
  { violation: "UNSUPPORTED_VERSION", what: "version 2", frames: [hello({ version: 2 })], first: true },

  { violation: "BAD_STREAM_ID", what: "OPEN on stream 0", frames: [open(0, { sequence: 1 })] },
  { violation: "BAD_STREAM_ID", what: "OPEN on an even stream", frames: [open(2, { sequence: 1 })] },
  { violation: "BAD_STREAM_ID", what: "OPEN that leaves one out", frames: [open(3, { sequence: 1 })] },
  { violation: "BAD_STREAM_ID", what: "OPEN on the same stream again", frames: [open(1), open(1)] },
  { violation: "BAD_STREAM_ID", what: "OPEN on a stream before", frames: [open(1), open(3), open(1)] },
  { violation: "BAD_STREAM_ID", what: "DATA on stream 0", frames: [data(0, request())] },
  { violation: "BAD_STREAM_ID", what: "DATA on a stream that never was", frames: [collect, data(3, request())] },
  { violation: "BAD_STREAM_ID", what: "CANCEL of a stream that never was", frames: [cancel(1)] },
  { violation: "BAD_STREAM_ID", what: "WINDOW for a stream that never was", frames: [window(5, 4096)] },

  { violation: "BAD_METHOD", what: "an index that is none", frames: [open(1, { method: 4 })] },
  {
    violation: "BAD_METHOD",
    what: "a path without length",
    frames: [frame(type.open, flag.byPath, 1, openPayload(1))],
  },
  {
    violation: "BAD_METHOD",
    what: "a path longer than OPEN",
    frames: [frame(type.open, flag.byPath, 1, openPayload(1, { method: 10 }))],
  },
  { violation: "BAD_METHOD", what: "a path that is too long", frames: [open(1, { method: "/".padEnd(1025, "x") })] },

  { violation: "BAD_SEQUENCE", what: "the first call is not call 1", frames: [open(1, { sequence: 2 })] },
  { violation: "BAD_SEQUENCE", what: "a call that comes again", frames: [open(1), open(3, { sequence: 1 })] },
  { violation: "BAD_SEQUENCE", what: "a call that is left out", frames: [open(1), open(3, { sequence: 3 })] },

  { violation: "BAD_METADATA", what: "half a pair", frames: metadata(metadataBlock(["key", "value"]).subarray(0, -1)) },
  { violation: "BAD_METADATA", what: "a key without length", frames: metadata(metadataBlock(["", "value"])) },
  { violation: "BAD_METADATA", what: "a capital letter", frames: metadata(metadataBlock(["Key", "value"])) },
  { violation: "BAD_METADATA", what: "a key with a space", frames: metadata(metadataBlock(["a key", "value"])) },
  { violation: "BAD_METADATA", what: "a text with a line feed", frames: metadata(metadataBlock(["key", "a\nb"])) },
  { violation: "BAD_METADATA", what: "a text that is not ASCII", frames: metadata(metadataBlock(["key", "ä"])) },

  {
    violation: "DATA_AFTER_END",
    what: "a message after the last",
    frames: [collect, data(1, "", flag.last), data(1, "")],
  },
  {
    violation: "DATA_AFTER_END",
    what: "a second end of messages",
    frames: [collect, endOfMessages(1), endOfMessages(1)],
  },

  {
    violation: "CREDIT_OVERFLOW",
    what: "credit for the connection",
    frames: [window(0, 0x7fff_ffff - 16 * 1024 * 1024 + 1)],
  },
  {
    violation: "CREDIT_OVERFLOW",
    what: "credit for a stream",
    frames: [collect, window(1, 0x7fff_ffff - 256 * 1024 + 1)],
  },
];
