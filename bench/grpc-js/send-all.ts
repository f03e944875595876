import type { Writable } from "node:stream";

/** Writes a message so often, as fast as it is taken, and ends the stream. */
export function sendAll(call: Pick<Writable, "write" | "once" | "end">, payload: Uint8Array, count: number): void {
  let left = count;
  const write = () => {
    while (left > 0) {
      left -= 1;
      if (!call.write({ payload })) {
        call.once("drain", write);
        return;
      }
    }
    call.end();
  };
  write();
}
