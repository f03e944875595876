// Why: what logs, metrics and audit cost a call is less than what a busy machine changes from one run of processes to the next.
// So client and server are in one process here, and the processor time of both is compared, round by round in turn. It would
// miss what is only slow when each has a process of its own. Then the pieces alone: npm run build && node dist/bench/telemetry.js
import { context, propagation } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { AlwaysOffSampler, AlwaysOnSampler, BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { OpenTelemetry } from "../src/interceptors/open-telemetry/open-telemetry.js";
import type { ClientCall } from "../src/rpc/client-call.js";
import { Metadata } from "../src/rpc/metadata.js";
import type { ServerCall } from "../src/rpc/server-call.js";
import type { ClientRequest, ClientStream, ClientStreamListener } from "../src/rpc/transport.js";
import { Status } from "../src/status.js";
import { BenchService } from "./gen/pinwire/bench/v1/bench_pb.js";
import { makePlaces } from "./make-places.js";
import { sdkProvider, sdkWithProducer } from "./metrics-sdk.js";
import { subject as denials } from "./subjects/pinwire-denials.js";
import { subject as direct } from "./subjects/pinwire-direct.js";
import { subject as metrics } from "./subjects/pinwire-metrics.js";
import { subject as metricsBySdk } from "./subjects/pinwire-metrics-sdk.js";
import { subject as quiet } from "./subjects/pinwire-quiet.js";

const rounds = 25;
const callsInRound = 4_000;
const atOnce = 32;
const loops = 100_000;
const method = BenchService.method.echo;
const served = { method };

await compareCalls();
await measurePieces();
process.exit(0);

/** Processor time of client and server together for each call. */
async function compareCalls(): Promise<void> {
  await using places = await makePlaces();
  const payload = new Uint8Array(100);
  const subjects = { quiet, direct, denials, metrics, metricsBySdk };
  const pairs = await Promise.all(
    Object.entries(subjects).map(async ([name, subject]) => {
      const place = places.next();
      const connect = await subject.connector(place, await subject.serve(place));
      return { name, connection: connect(), times: [] as number[] };
    }),
  );
  for (let round = -2; round < rounds; round++) {
    for (const { connection, times } of pairs) {
      let left = callsInRound;
      const one = async () => {
        while (left-- > 0) await connection.echo(payload);
      };
      const us = await processorTime(() => Promise.all(Array.from({ length: atOnce }, one)));
      // The first two are to warm up.
      if (round >= 0) times.push(us / callsInRound);
    }
  }
  console.table(
    pairs.map(({ name, times }) => {
      const sorted = times.toSorted((a, b) => a - b);
      const at = (share: number) => Number(sorted[Math.floor(sorted.length * share)]?.toFixed(2));
      return { subject: name, "least, µs": at(0), "quarter, µs": at(0.25), "median, µs": at(0.5) };
    }),
  );
}

/** What the code for OpenTelemetry adds to a call, in a loop. */
async function measurePieces(): Promise<void> {
  const row = async (option: string, telemetry: OpenTelemetry) => ({
    option,
    "server, µs": await ofServer(telemetry),
    "client, µs": await ofClient(telemetry),
  });
  const rows = [
    await row("no SDK registered", new OpenTelemetry(true)),
    await row("metricProducer", new OpenTelemetry(sdkWithProducer())),
    await row("meterProvider", new OpenTelemetry(sdkProvider())),
    { option: "of which the SDK's record()", "server, µs": await ofSdk(3, 2), "client, µs": await ofSdk(4, 3) },
  ];
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  for (const [name, sampler] of [
    ["spans, none sampled", new AlwaysOffSampler()],
    ["spans, all sampled", new AlwaysOnSampler()],
  ] as const) {
    rows.push(await row(name, new OpenTelemetry({ tracerProvider: new BasicTracerProvider({ sampler }) })));
  }
  console.table(rows);
}

async function ofServer(telemetry: OpenTelemetry): Promise<number> {
  const metrics = telemetry.serverMetrics("spiffe://bench.test/server");
  const [stage] = telemetry.serverStages();
  const requestMetadata = Metadata.from({ traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" });
  const call = { route: served, startedAt: performance.now(), requestBytes: 100, responseBytes: 100, requestMetadata };
  const serverCall = call as unknown as ServerCall;
  return perLoop(
    () => {
      metrics?.callStarted(serverCall);
      metrics?.callEnded(serverCall, Status.OK);
    },
    stage && (() => stage(serverCall, nothing)),
  );
}

async function ofClient(telemetry: OpenTelemetry): Promise<number> {
  const metrics = telemetry.clientMetrics("unix:/run/user/1000/bench/bench.sock");
  const [stage] = telemetry.clientStages(method);
  const stream: ClientStream = { read() {}, write: () => undefined, halfClose() {}, cancel() {} };
  let listener: ClientStreamListener | undefined;
  const open = (_: ClientRequest, given: ClientStreamListener) => {
    listener = given;
    return stream;
  };
  const attempts = metrics?.observed({ open, backoffMs: 0 }, method);
  const request = { waitForReady: false } as ClientRequest;
  const payload = new Uint8Array(100);
  const inert: ClientStreamListener = { onHeader() {}, onMessage() {}, onEnd() {} };
  const requestMetadata = new Metadata();
  const call = { method, startedAt: performance.now(), attempts: 1, requestMetadata } as unknown as ClientCall;
  return perLoop(
    () => {
      if (attempts === undefined) return;
      attempts.open(request, inert).write(payload, true);
      listener?.onMessage(payload);
      listener?.onEnd({ status: Status.OK, message: "" });
      metrics?.callEnded(call, Status.OK);
    },
    stage && (() => stage(call, nothing)),
  );
}

/** Nothing of ours: so many recordings with so many attributes, of objects that stay the same. */
async function ofSdk(recordings: number, attributes: number): Promise<number> {
  const histogram = sdkProvider().meterProvider.getMeter("bench").createHistogram("bench");
  const all = Object.entries({
    "grpc.method": "pinwire.bench.v1.BenchService/Echo",
    "grpc.status": "OK",
    "grpc.target": "unix:/run/user/1000/bench/bench.sock",
  });
  const some = Object.freeze(Object.fromEntries(all.slice(0, attributes)));
  return perLoop(() => {
    for (let times = 0; times < recordings; times++) histogram.record(times, some);
  });
}

async function nothing(): Promise<void> {}

/** The least of five. */
async function perLoop(act: () => void, promised?: () => Promise<void>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 6; round++) {
    const us = await processorTime(async () => {
      for (let i = 0; i < loops; i++) {
        act();
        if (promised !== undefined) await promised();
      }
    });
    least = Math.min(least, us / loops);
  }
  return Number(least.toFixed(2));
}

async function processorTime(act: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await act();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
