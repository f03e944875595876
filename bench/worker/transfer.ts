import { performance } from "node:perf_hooks";
import type { Connection } from "../subject.js";
import { type RequestOf, type Transfer, type TransferKind, transferBytes } from "./protocol.js";

/** Streams, one stream after the other, until the time is up. */
export async function transfer(connection: Connection, request: RequestOf<"transfer">): Promise<Transfer> {
  const { kind, messageBytes, seconds, streams: atOnce = 1 } = request;
  const payload = new Uint8Array(messageBytes).fill(0x61);
  const count = request.messages ?? Math.ceil(transferBytes / messageBytes);
  const start = performance.now();
  let streams = 0;
  let elapsedMs = 0;
  for (; elapsedMs < seconds * 1_000; elapsedMs = performance.now() - start) {
    await Promise.all(Array.from({ length: atOnce }, () => streamOnce(connection, kind, payload, count)));
    streams += atOnce;
  }
  return { bytes: streams * count * messageBytes, seconds: elapsedMs / 1_000 };
}

async function streamOnce(
  connection: Connection,
  kind: TransferKind,
  payload: Uint8Array,
  count: number,
): Promise<void> {
  const arrived =
    kind === "download"
      ? await connection.download(payload.length, count)
      : kind === "upload"
        ? (await connection.upload(payload, count)) * payload.length
        : await connection.exchange(payload, count);
  if (arrived !== payload.length * count) throw new Error(`${arrived} bytes arrived of ${payload.length * count}`);
}
