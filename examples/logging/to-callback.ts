import type { Logger } from "pinwire";

/** Records go to `send` in batches, by and by. It may be slow or fail: calls never wait for it, and memory is bounded. */
export function toCallback(send: (records: readonly object[]) => unknown, most = 10_000): Logger {
  let waiting: object[] = [];
  let dropped = 0;
  let sending = false;
  const sendAll = async () => {
    while (waiting.length > 0) {
      const batch = dropped > 0 ? [...waiting, { event: "records dropped", dropped }] : waiting;
      [waiting, dropped] = [[], 0];
      try {
        await send(batch);
      } catch {
        // Say so where you will see it.
      }
    }
    sending = false;
  };
  const take = (level: string) => (fields: object, message: string) => {
    if (waiting.length < most) waiting.push({ level, time: Date.now(), ...fields, message });
    else dropped += 1;
    if (sending) return;
    sending = true;
    setImmediate(sendAll);
  };
  const isLevelEnabled = (level: string) => level !== "debug";
  return { debug: () => {}, info: take("info"), warn: take("warn"), error: take("error"), isLevelEnabled };
}
