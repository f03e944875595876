import { destination, pino } from "pino";
import type { Logger } from "./logger.js";

/** pino has its door here, apart from `telemetry.ts`, so that a process that logs nothing never loads it. */
export function pinoLogger(): Logger {
  return pino({ name: "pinwire", level: "warn" }, destination({ dest: 2, sync: true }));
}
