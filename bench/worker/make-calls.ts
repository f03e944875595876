import { performance } from "node:perf_hooks";
import { percentile } from "../statistics.js";
import type { Connection } from "../subject.js";
import type { Calls, RequestOf } from "./protocol.js";
import { transfer } from "./transfer.js";

/** Keeps so many calls under way until the time is up. Each lane makes its next call when its last was answered. */
export async function makeCalls(connection: Connection, request: RequestOf<"calls">): Promise<Calls> {
  const payload = new Uint8Array(request.payloadBytes).fill(0x61);
  const beside = streamBeside(connection, request);
  const start = performance.now();
  const end = start + request.seconds * 1_000;
  const lanes = Array.from({ length: request.inFlight }, () => callUntil(end, connection, payload));
  const durationsMs = (await Promise.all(lanes)).flat();
  const seconds = (performance.now() - start) / 1_000;
  await beside;
  return { count: durationsMs.length, seconds, ...(request.inFlight === 1 && percentilesOf(durationsMs)) };
}

/** The same over many connections, which the lanes take in turn. */
export async function spreadCalls(connections: readonly Connection[], request: RequestOf<"spread">): Promise<Calls> {
  const payload = new Uint8Array(request.payloadBytes).fill(0x61);
  let next = 0;
  const echo = (bytes: Uint8Array) => {
    next = (next + 1) % connections.length;
    return (connections[next] as Connection).echo(bytes);
  };
  const start = performance.now();
  const end = start + request.seconds * 1_000;
  const lanes = Array.from({ length: request.inFlight }, () => callUntil(end, { echo }, payload));
  const count = (await Promise.all(lanes)).flat().length;
  return { count, seconds: (performance.now() - start) / 1_000 };
}

/** Keeps the connection busy for as long as the calls run. */
async function streamBeside(connection: Connection, { besideBytes, seconds }: RequestOf<"calls">): Promise<void> {
  if (besideBytes !== undefined) await transfer(connection, { kind: "download", messageBytes: besideBytes, seconds });
}

async function callUntil(end: number, connection: Pick<Connection, "echo">, payload: Uint8Array): Promise<number[]> {
  const durationsMs: number[] = [];
  for (let now = performance.now(); now < end; ) {
    const started = now;
    if ((await connection.echo(payload)) !== payload.length) throw new Error("the echo has another length");
    now = performance.now();
    durationsMs.push(now - started);
  }
  return durationsMs;
}

function percentilesOf(durationsMs: readonly number[]): Required<Pick<Calls, "p50Ms" | "p99Ms" | "p999Ms">> {
  const at = percentile(durationsMs);
  return { p50Ms: at(0.5), p99Ms: at(0.99), p999Ms: at(0.999) };
}
