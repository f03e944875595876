import { propagation, trace } from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { expect, it, onTestFinished, vi } from "vitest";
import { OpenTelemetry } from "../../src/interceptors/open-telemetry/open-telemetry.js";
import type { HandlerContext } from "../../src/rpc/call-context.js";
import { GreeterPair } from "../helpers/greeter-pair.js";
import { CollectedTelemetry } from "../helpers/telemetry.js";

const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

/** A pair whose handler keeps what it was told about the trace of its caller. */
async function pairWithTraces() {
  const told: (string | undefined)[] = [];
  const pair = await GreeterPair.start({
    server: { openTelemetry: true },
    client: { openTelemetry: true },
    implementation: {
      sayHello: ({ name }, { requestMetadata }: HandlerContext) => {
        told.push(requestMetadata.get("traceparent"));
        return { greeting: name };
      },
    },
  });
  return { client: pair.client, told };
}

it("without an SDK nothing is counted and no span begun", async () => {
  const begun = vi.spyOn(trace.getTracerProvider().getTracer("pinwire").constructor.prototype, "startSpan");
  onTestFinished(() => begun.mockRestore());
  const { client, told } = await pairWithTraces();
  await client.sayHello({ name: "Ada" });
  expect(begun).not.toHaveBeenCalled();
  expect(told).toEqual([undefined]);
  const telemetry = new OpenTelemetry(true);
  expect([telemetry.serverMetrics("x"), telemetry.clientMetrics("x"), telemetry.values({})]).toEqual([
    ...[undefined, undefined, undefined],
  ]);
});

it("a propagator alone carries what the caller says about its trace", async () => {
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  onTestFinished(() => propagation.disable());
  const { client, told } = await pairWithTraces();
  await client.sayHello({ name: "Ada" }, { metadata: { traceparent: parent } });
  expect(told).toEqual([parent]);
});

it("an SDK that is registered later has the spans of the calls from then on", async () => {
  const telemetry = new CollectedTelemetry();
  const { client } = await pairWithTraces();
  await client.sayHello({ name: "Ada" });
  trace.setGlobalTracerProvider(telemetry.tracerProvider);
  onTestFinished(() => trace.disable());
  await client.sayHello({ name: "Ada" });
  expect(telemetry.spans.map(({ name }) => name)).toEqual([
    ...["hello.v1.GreeterService/SayHello", "hello.v1.GreeterService/SayHello"],
  ]);
});
