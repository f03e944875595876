import type { TransferKind } from "../worker/protocol.js";
import type { Case } from "./case.js";

const kinds: Record<string, TransferKind> = { server: "download", client: "upload", bidi: "exchange" };

/** A stream of messages one way, or both ways, each answered by one. */
export function stream(kind: "server" | "client" | "bidi", size: "64k" | "1m"): Case {
  const messageBytes = { "64k": 64 * 1024, "1m": 1024 * 1024 }[size];
  return {
    name: `${kind}-stream-${size}`,
    async measure(contender, { seconds }) {
      const { client } = await contender.pair();
      const transfer = await client.ask("transfer", { kind: kinds[kind] ?? "download", messageBytes, seconds });
      return { megabytesPerSecond: transfer.bytes / 1e6 / transfer.seconds };
    },
  };
}
