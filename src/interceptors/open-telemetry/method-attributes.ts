import type { DescMethod } from "@bufbuild/protobuf";
import { methodName } from "../../rpc/method-path.js";
import type { Attributes } from "../metrics/metrics.js";

/** All names that nothing is served under. */
const otherMethod = "other";

export function methodAttributes(method: DescMethod | undefined, more: Attributes = {}): Attributes {
  return { "grpc.method": spanName(method), ...more };
}

/** `package.Service/Method` */
export function spanName(method: DescMethod | undefined): string {
  return method === undefined ? otherMethod : methodName(method);
}
