// A transport of pino that takes nothing.
import { Writable } from "node:stream";

// biome-ignore lint/style/noDefaultExport: pino looks for it
export default function stuck() {
  return new Writable({ highWaterMark: 1, write() {} });
}
