import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { UsageError } from "../errors.js";
import type { Logger } from "./logger.js";

/** Services or methods whose messages are logged, redacted by their schema. */
export type LogPayloads = readonly (DescService | DescMethod)[];

/**
 * @param logger the option of the same caller; without one, nothing below a warning is written anywhere
 * @throws UsageError ERR_INVALID_OPTION
 */
export function checkLogPayloads(chosen: LogPayloads | undefined, logger: Logger | undefined): LogPayloads {
  for (const each of chosen ?? []) {
    if (each?.kind === "service" || each?.kind === "rpc") continue;
    throw new UsageError(
      "ERR_INVALID_OPTION",
      "logPayloads takes services and methods: [GreeterService.method.sayHello]",
    );
  }
  if (chosen !== undefined && chosen.length > 0 && logger === undefined) {
    throw new UsageError(
      "ERR_INVALID_OPTION",
      'logPayloads writes records of level debug, and the default logger none: add logger: pino({ level: "debug" })',
    );
  }
  return chosen ?? [];
}
