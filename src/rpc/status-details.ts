import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import type { ErrorDetail } from "../error-detail.js";
import { StatusSchema } from "../gen/google/rpc/status_pb.js";
import type { Status } from "../status.js";
import { recursionLimit } from "./codec.js";
import { encodedDetail } from "./error-detail.js";

/** The key under which every gRPC stack looks for the details of a status: a `google.rpc.Status`. */
export const statusDetailsKey = "grpc-status-details-bin";

/**
 * What is sent of them, encoded. Other stacks take 8 KiB of metadata in all, and fail the call with a status of their own
 * when there is more; in base64 this becomes 5.5 KiB.
 */
const maxSentDetailsBytes = 4 * 1024;

/** What is read of them. */
const maxReadDetailsBytes = 32 * 1024;

const typeUrlPrefix = "type.googleapis.com/";

/**
 * The details of a status as they travel; undefined when there are none. Details that do not fit are left out, from the
 * last on: they must never cost the caller the status itself.
 */
export function encodeStatusDetails(
  status: Status,
  message: string,
  details: readonly ErrorDetail[],
): Uint8Array | undefined {
  const encoded = create(StatusSchema, { code: status, message });
  let room = maxSentDetailsBytes - toBinary(StatusSchema, encoded).length;
  for (const { typeName, value } of details) {
    const any = create(AnySchema, { typeUrl: typeUrlPrefix + typeName, value });
    room -= toBinary(AnySchema, any).length + detailFramingBytes;
    if (room < 0) break;
    encoded.details.push(any);
  }
  return encoded.details.length === 0 ? undefined : toBinary(StatusSchema, encoded);
}

/** The key and the length of a detail. */
const detailFramingBytes = 4;

/**
 * The details that came with a status. They count only when they are about this very status: whoever put others there did
 * not mean them for it. What cannot be read is no details, never another failure.
 */
export function decodeStatusDetails(
  status: Status,
  message: string,
  bytes: Uint8Array | undefined,
): readonly ErrorDetail[] {
  if (bytes === undefined || bytes.length > maxReadDetailsBytes) return [];
  try {
    const said = fromBinary(StatusSchema, bytes, { readUnknownFields: false, recursionLimit });
    if (said.code !== status || said.message !== message) return [];
    return said.details.map(({ typeUrl, value }) =>
      encodedDetail(typeUrl.slice(typeUrl.lastIndexOf("/") + 1), Uint8Array.from(value)),
    );
  } catch {
    return [];
  }
}
