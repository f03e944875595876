import { pino } from "pino";
import type { Logger } from "pinwire";

/** Records go to a thread of their own, which writes them; any transport of pino has its place here. */
export function toTransport(destination: string): Logger {
  const transport = pino.transport({ target: "pino/file", options: { destination, mkdir: true } });
  return pino({ level: "debug" }, transport);
}
