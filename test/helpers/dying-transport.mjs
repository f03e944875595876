// A transport of pino that dies of the first record.
import { Writable } from "node:stream";

// biome-ignore lint/style/noDefaultExport: pino looks for it
export default function dying() {
  return new Writable({
    write() {
      setImmediate(() => {
        throw new Error("no log today");
      });
    },
  });
}
