import type { DescMethod } from "@bufbuild/protobuf";
import type { Attributes } from "@opentelemetry/api";
import { type Status, statusName } from "../../status.js";

/** All names that nothing is served under. */
export const otherMethod = "other";

/** `package.Service/Method`. */
export function methodName(method: DescMethod | undefined): string {
  return method === undefined ? otherMethod : `${method.parent.typeName}/${method.name}`;
}

/** The attributes of the calls of one method, made once for each status: a call makes none. */
export class MethodAttributes {
  readonly begun: Attributes;
  readonly #ended: (Attributes | undefined)[] = new Array(17);

  constructor(method: DescMethod | undefined, more: Attributes = {}) {
    this.begun = { "grpc.method": methodName(method), ...more };
  }

  ended(status: Status): Attributes {
    let attributes = this.#ended[status];
    if (attributes === undefined) {
      attributes = { ...this.begun, "grpc.status": statusName(status) };
      this.#ended[status] = attributes;
    }
    return attributes;
  }
}
