import { performance } from "node:perf_hooks";
import { percentile } from "../statistics.js";
import type { Connection } from "../subject.js";
import type { Reconnects, RequestOf } from "./protocol.js";

const payload = new Uint8Array(100).fill(0x61);

/** Connects, calls and closes until the time is up. */
export async function reconnect(connect: () => Connection, request: RequestOf<"reconnect">): Promise<Reconnects> {
  const start = performance.now();
  const end = start + request.seconds * 1_000;
  const lanes = Array.from({ length: request.lanes }, () => reconnectUntil(end, connect));
  const durationsMs = (await Promise.all(lanes)).flat();
  const seconds = (performance.now() - start) / 1_000;
  return { count: durationsMs.length, seconds, p50Ms: percentile(durationsMs)(0.5) };
}

async function reconnectUntil(end: number, connect: () => Connection): Promise<number[]> {
  const durationsMs: number[] = [];
  while (performance.now() < end) {
    const started = performance.now();
    const connection = connect();
    await connection.echo(payload);
    durationsMs.push(performance.now() - started);
    await connection.close();
  }
  return durationsMs;
}
