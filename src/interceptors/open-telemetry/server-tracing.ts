import {
  type Attributes,
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  trace,
} from "@opentelemetry/api";
import type { ErrorCode } from "../../errors.js";
import { failureOf } from "../../rpc/outcome.js";
import type { ServerCall } from "../../rpc/server-call.js";
import type { ServerMethod, ServerStage } from "../../rpc/server-method.js";
import { Status } from "../../status.js";
import { quietly } from "../quietly.js";
import { endSpan, spanAttributes } from "./call-span.js";
import type { CallTracer } from "./call-tracer.js";
import { metadataCarrier } from "./metadata-carrier.js";
import { spanName } from "./method-attributes.js";

/** Statuses by which a server says that the fault is its own (OpenTelemetry's conventions for gRPC). */
const faults: ReadonlySet<Status> = new Set([
  ...[Status.UNKNOWN, Status.DEADLINE_EXCEEDED, Status.UNIMPLEMENTED, Status.INTERNAL, Status.UNAVAILABLE],
  Status.DATA_LOSS,
]);

/**
 * A span for each call of a server, child of its caller's. Outermost, and the rest of the call runs in it, so that what a
 * handler does belongs to it.
 */
export function serverTracing(spans: CallTracer): ServerStage {
  const kinds = new Map<ServerMethod, { name: string; attributes: Attributes }>();
  const kindOf = (route: ServerMethod) => {
    let kind = kinds.get(route);
    if (kind === undefined) {
      kind = { name: spanName(route.method), attributes: spanAttributes(route.method) };
      kinds.set(route, kind);
    }
    return kind;
  };
  const traced: ServerStage = async (call, next) => {
    const parent = callersContext(call);
    const { name, attributes } = kindOf(call.route);
    const span = quietly(() => spans.tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent));
    if (span === undefined) return next();
    try {
      await context.with(trace.setSpan(parent, span), next);
      finish(span, Status.OK);
    } catch (error) {
      finishFailed(span, call, error);
      throw error;
    }
  };
  return (call, next) => (spans.isIdle ? next() : traced(call, next));
}

/** What an authenticated peer says about its own trace is believed, whether or not it may call. */
function callersContext(call: ServerCall): Context {
  return quietly(() => propagation.extract(ROOT_CONTEXT, call.requestMetadata, metadataCarrier)) ?? ROOT_CONTEXT;
}

function finishFailed(span: Span, call: ServerCall, error: unknown): void {
  const { code, outcome } = failureOf(error, () => call.reference);
  finish(span, outcome.status, code);
}

function finish(span: Span, status: Status, code?: ErrorCode): void {
  quietly(() => endSpan(span, status, faults.has(status), code));
}
