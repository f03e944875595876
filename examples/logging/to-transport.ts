import { pino, type TransportSingleOptions } from "pino";
import type { Logger } from "pinwire";

/**
 * Records go to a thread of their own, which writes them: any transport of pino. One that is slow or dies costs records,
 * never calls; at most some megabytes wait for it.
 */
export function toTransport(options: TransportSingleOptions): Logger {
  const transport = pino.transport(options);
  let takes = true;
  let dropped = 0;
  transport.on("drain", () => {
    takes = true;
  });
  // Without a listener it would end the process.
  transport.on("error", (error: Error) => {
    takes = false;
    process.emitWarning(`no records are written any more: ${error.message}`);
  });
  const write = (line: string) => {
    if (!takes) dropped += 1;
    else {
      const note =
        dropped > 0 ? `{"level":40,"time":${Date.now()},"event":"records dropped","dropped":${dropped}}\n` : "";
      dropped = 0;
      takes = transport.write(note + line);
    }
  };
  const flush = (done: () => void) => transport.flush(done);
  return pino({ level: "debug" }, Object.assign({ write }, { flush }));
}
