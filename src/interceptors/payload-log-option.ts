import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { UsageError } from "../errors.js";

/** Services or methods whose messages are logged, redacted by their schema. */
export type LogPayloads = readonly (DescService | DescMethod)[];

/** @throws UsageError ERR_INVALID_OPTION */
export function checkLogPayloads(chosen: LogPayloads | undefined): LogPayloads {
  for (const each of chosen ?? []) {
    if (each?.kind === "service" || each?.kind === "rpc") continue;
    throw new UsageError(
      "ERR_INVALID_OPTION",
      "logPayloads takes services and methods: [GreeterService.method.sayHello]",
    );
  }
  return chosen ?? [];
}
