import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type Hello, HelloSchema, LimitsSchema, type Method } from "../../gen/pinwire/direct/v1/hello_pb.js";
import { maxWindow } from "./frame.js";
import type { DirectLimits } from "./limits.js";
import { ProtocolViolation } from "./violation.js";

const protocolVersion = 1;

/** The payload of HELLO. Every end takes this much of it, whatever its limits say of frames. */
const maxHelloBytes = 64 * 1024;

export interface Greeting {
  readonly limits: DirectLimits;
  /** 16 random bytes. */
  readonly connectionId: Uint8Array;
  /** From a server: what this client may call. */
  readonly methods: readonly Method[];
}

/** Methods that do not fit into HELLO are left out: they are opened by their paths. */
export function encodeHello({ limits, connectionId, methods }: Greeting): Uint8Array {
  const hello = create(HelloSchema, { version: protocolVersion, connectionId, limits: create(LimitsSchema, limits) });
  let room = maxHelloBytes - toBinary(HelloSchema, hello).length;
  for (const method of methods) {
    room -= method.path.length + method.fingerprint.length + methodFramingBytes;
    if (room < 0) break;
    hello.methods.push(method);
  }
  return toBinary(HelloSchema, hello);
}

/** @throws ProtocolViolation BAD_HELLO, UNSUPPORTED_VERSION */
export function decodeHello(payload: Buffer): Greeting {
  const hello = parse(payload);
  if (hello.version !== protocolVersion) {
    throw new ProtocolViolation("UNSUPPORTED_VERSION", `version ${hello.version}; this end speaks ${protocolVersion}`);
  }
  const { connectionId, limits, methods } = hello;
  if (limits === undefined || connectionId.length !== 16)
    throw new ProtocolViolation("BAD_HELLO", "HELLO without limits or name");
  return { limits: checkLimits(limits), connectionId, methods };
}

/** Keys and lengths of the fields of a method, at most. */
const methodFramingBytes = 12;

function parse(payload: Buffer): Hello {
  if (payload.length > maxHelloBytes) throw new ProtocolViolation("BAD_HELLO", `HELLO of ${payload.length} bytes`);
  try {
    return fromBinary(HelloSchema, payload, { readUnknownFields: false });
  } catch {
    throw new ProtocolViolation("BAD_HELLO", "HELLO is not what it should be");
  }
}

/** The room that OPEN (fields and path) and END (fields and message) need beside a metadata block. */
const framingBytes = 8 * 1024;

/** Limits that are too small to work with are as bad as none. */
function checkLimits(limits: DirectLimits): DirectLimits {
  const { maxFrameBytes, maxMessageBytes, maxMetadataBytes, maxStreams, streamWindowBytes, connectionWindowBytes } =
    limits;
  const enough =
    maxFrameBytes >= maxMetadataBytes + framingBytes &&
    maxMessageBytes >= 1 &&
    maxMetadataBytes >= 4_096 &&
    maxStreams >= 1 &&
    streamWindowBytes >= 1_024 &&
    connectionWindowBytes >= streamWindowBytes &&
    connectionWindowBytes <= maxWindow;
  if (!enough) throw new ProtocolViolation("BAD_HELLO", "HELLO with limits that leave no room");
  return { maxFrameBytes, maxMessageBytes, maxMetadataBytes, maxStreams, streamWindowBytes, connectionWindowBytes };
}
