import { performance } from "node:perf_hooks";
import type { DescMethod } from "@bufbuild/protobuf";
import type { ErrorCode } from "../errors.js";
import type { Call } from "../rpc/call.js";
import { type Status, statusName } from "../status.js";
import { loggedMetadata } from "./metadata-log.js";

/**
 * Everything that a record of a call may hold: chosen here one by one. No payload, no text of anybody's error, and of the
 * metadata only values that the options list.
 */
export interface CallRecord {
  event: "call";
  side: "client" | "server";
  peer: string;
  /** Of the peer's key, shortened. Only on a server: a client has one peer. */
  pin?: string;
  /** The path; a name that leads nowhere is cut. */
  method: string;
  kind?: DescMethod["methodKind"];
  protocol: string | undefined;
  /** The connection's name in other records. */
  connection?: string;
  status: string;
  durationMs: number;
  requests: number;
  requestBytes: number;
  responses: number;
  responseBytes: number;
  metadata?: Record<string, string>;
  code?: ErrorCode;
  /** Why it was refused, in our own words: the rule of the policy that decided. */
  reason?: string;
  /** Joins the record to what the other side was told. */
  reference?: string;
  /** How often a client tried. */
  attempts?: number;
  /** Records about failures of this peer that were not written before this one: it caused more than ten in a second. */
  withheld?: number;
  errorName?: string;
  stack?: string;
}

/** What both sides know of a call. */
export function callRecord(
  call: Call,
  path: string,
  status: Status,
  metadataKeys: readonly string[],
): Omit<CallRecord, "protocol"> {
  const { side, peer, requests, requestBytes, responses, responseBytes } = call;
  const metadata = metadataKeys.length > 0 ? loggedMetadata(call.requestMetadata, metadataKeys) : undefined;
  return {
    event: "call",
    side,
    peer: peer.id.toString(),
    // A path that leads nowhere is the peer's invention: it is cut, and JSON keeps it on its line.
    method: path.slice(0, 256),
    status: statusName(status),
    durationMs: Math.round((performance.now() - call.startedAt) * 1000) / 1000,
    requests,
    requestBytes,
    responses,
    responseBytes,
    ...(metadata && { metadata }),
  };
}
