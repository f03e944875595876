import type { DescMethod } from "@bufbuild/protobuf";
import { type Context, context, propagation, type Span, SpanKind, trace } from "@opentelemetry/api";
import { type ErrorCode, isCodedError } from "../../errors.js";
import type { ClientCall } from "../../rpc/client-call.js";
import type { ClientStage } from "../../rpc/client-method.js";
import { Status } from "../../status.js";
import { quietly } from "../quietly.js";
import { endSpan, spanAttributes } from "./call-span.js";
import type { CallTracer } from "./call-tracer.js";
import { metadataCarrier } from "./metadata-carrier.js";
import { spanName } from "./method-attributes.js";

/** A span for each call of a client; its attempts are part of it. The server hears of it by the registered propagator. */
export function clientTracing(spans: CallTracer, method: DescMethod): ClientStage {
  const name = spanName(method);
  const options = { kind: SpanKind.CLIENT, attributes: spanAttributes(method) };
  const traced: ClientStage = async (call, next) => {
    const caller = context.active();
    const span = quietly(() => spans.tracer.startSpan(name, options, caller));
    if (span === undefined) return next();
    const inside = trace.setSpan(caller, span);
    tellServer(inside, call);
    try {
      await context.with(inside, next);
      finish(span, call, Status.OK);
    } catch (error) {
      if (isCodedError(error)) finish(span, call, error.status, error.code);
      else finish(span, call, Status.UNKNOWN);
      throw error;
    }
  };
  return (call, next) => (spans.isIdle ? next() : traced(call, next));
}

function tellServer(inside: Context, call: ClientCall): void {
  quietly(() => propagation.inject(inside, call.requestMetadata, metadataCarrier));
}

function finish(span: Span, call: ClientCall, status: Status, code?: ErrorCode): void {
  quietly(() => {
    if (call.attempts !== 1) span.setAttribute("pinwire.attempts", call.attempts);
    endSpan(span, status, status !== Status.OK, code);
  });
}
