import { destination, pino } from "pino";
import type { Logger } from "./logger.js";

/** pino has its door here, apart from `telemetry.ts`, so that a process that logs nothing never loads it. */
export function pinoLogger(): Logger {
  // Written without waiting, and dropped when nobody takes it: a reader of standard error that stops must not stop us.
  return pino({ name: "pinwire", level: "warn" }, destination({ dest: 2, sync: false, maxLength: maxUnwrittenBytes }));
}

const maxUnwrittenBytes = 1024 * 1024;
