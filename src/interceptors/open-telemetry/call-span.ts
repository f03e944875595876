import type { DescMethod } from "@bufbuild/protobuf";
import { type Attributes, type Span, SpanStatusCode } from "@opentelemetry/api";
import type { ErrorCode } from "../../errors.js";
import { Status } from "../../status.js";

/** Made once for each method. A name that nothing is served under stands in no span. */
export function spanAttributes(method: DescMethod | undefined): Attributes {
  if (method === undefined) return { "rpc.system": "grpc" };
  return { "rpc.system": "grpc", "rpc.service": method.parent.typeName, "rpc.method": method.name };
}

/** Says how a call ended, without a text of anybody's error. */
export function endSpan(span: Span, status: Status, isFailure: boolean, code: ErrorCode | undefined): void {
  span.setAttribute("rpc.grpc.status_code", status);
  if (code !== undefined && status !== Status.OK) span.setAttribute("pinwire.code", code);
  if (isFailure) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}
