import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http2";
import type { Server } from "@grpc/grpc-js";
import type { ErrorCode } from "../../errors.js";
import { Status } from "../../status.js";
import { fixedLimits } from "../direct/limits.js";
import { seamChanged } from "./seam-changed.js";

/** Why a request is no call. */
export interface RequestFault {
  readonly code: Extract<ErrorCode, "ERR_REQUEST_MALFORMED" | "ERR_METADATA_TOO_LARGE">;
  /** For the log. */
  readonly what: string;
  /** What the peer gets: headers, and nothing behind them. */
  readonly answer: OutgoingHttpHeaders;
}

interface Http2Stream {
  respond(headers: OutgoingHttpHeaders, options: { endStream: boolean }): void;
  resume(): void;
}

type Verify = (stream: Http2Stream, headers: IncomingHttpHeaders) => boolean;

/** What of grpc-js's server is not public and needed here (seen in 1.14.7). */
interface Seam {
  _verifyContentType?: Verify;
  _streamHandler?: (interceptors: readonly unknown[], stream: unknown, headers: IncomingHttpHeaders) => void;
}

/**
 * Makes a grpc-js server refuse what is no request of gRPC: it takes PUT, `application/grpc-web`, 64 KB of metadata, and reads
 * binary metadata that is no base64 as something else. Such a request never becomes a call.
 *
 * There is no public way. The check that the seam holds runs each time a server is made, so that another grpc-js fails at
 * start, not open.
 */
export function strictRequests(server: Server, onRefused: (stream: unknown, fault: RequestFault) => void): void {
  const seam = server as unknown as Seam;
  if (typeof seam._verifyContentType !== "function" || typeof seam._streamHandler !== "function")
    throw seamChanged("receives requests");
  let report = (_stream: unknown, _fault: RequestFault) => {};
  seam._verifyContentType = (stream, headers) => {
    const fault = requestFault(headers);
    if (fault === undefined) return true;
    report(stream, fault);
    stream.respond(fault.answer, { endStream: true });
    // What is still sent is thrown away, so that it does not wait for ever.
    stream.resume();
    return false;
  };
  assertAsked(seam);
  report = onRefused;
}

/** Exported for tests: undefined for a request that may become a call. */
export function requestFault(headers: IncomingHttpHeaders): RequestFault | undefined {
  if (headers[":method"] !== "POST") return malformed(405, `method ${headers[":method"]}`);
  const contentType = headers["content-type"];
  // "application/grpc-web" is another protocol.
  if (!/^application\/grpc(?:[+;].*)?$/.test(contentType ?? "")) return malformed(415, `content type ${contentType}`);
  if (headers.te !== undefined && headers.te !== "trailers") return malformed(400, `te ${headers.te}`);
  let bytes = 0;
  for (const key of Object.keys(headers)) {
    const value = headers[key];
    for (const each of Array.isArray(value) ? value : [value ?? ""]) {
      // As HTTP/2 counts them (RFC 9113 section 6.5.2).
      bytes += key.length + each.length + 32;
      if (key.endsWith("-bin") && !isBase64(each)) return malformed(400, `binary metadata that is no base64`);
    }
  }
  return bytes > fixedLimits.maxMetadataBytes ? tooLarge(bytes) : undefined;
}

/** One value or several, with commas between them, each with or without padding (gRPC over HTTP/2, "Binary-Header"). */
function isBase64(values: string): boolean {
  return values.split(",").every((value) => /^ *(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2,3}={0,2})? *$/.test(value));
}

function malformed(httpStatus: number, what: string): RequestFault {
  return { code: "ERR_REQUEST_MALFORMED", what: what.slice(0, 100), answer: { ":status": httpStatus } };
}

function tooLarge(bytes: number): RequestFault {
  return {
    code: "ERR_METADATA_TOO_LARGE",
    what: `${bytes} bytes of metadata`,
    answer: {
      ":status": 200,
      "content-type": "application/grpc+proto",
      "grpc-status": Status.RESOURCE_EXHAUSTED,
      "grpc-message": "the request metadata is too large",
    },
  };
}

/** A request that is refused for its method alone shows whether it comes by here. */
function assertAsked(seam: Seam): void {
  let status: unknown;
  const stream = {
    once: () => stream,
    resume: () => {},
    respond: (headers: OutgoingHttpHeaders) => {
      status = headers[":status"];
    },
  };
  seam._streamHandler?.([], stream, { ":method": "PUT", ":path": "/a.B/C", "content-type": "application/grpc" });
  if (status !== 405) throw seamChanged("receives requests");
}
