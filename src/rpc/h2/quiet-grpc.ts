import { setLogger } from "@grpc/grpc-js";
// The public way sets a logger, and does not say which one is there.
import { getLogger } from "@grpc/grpc-js/build/src/logging.js";

type GrpcLogger = ReturnType<typeof getLogger>;

const ours = new WeakSet<object>();

/**
 * grpc-js writes the value of metadata that it cannot read to standard error, as the peer sent it: a secret, an escape
 * of the terminal, and as often as the peer likes. It leaves such metadata out, which is all that anybody needs to know. What
 * else it has to say goes where it went before.
 */
export function quietGrpc(): void {
  const logger = getLogger();
  if (ours.has(logger)) return;
  const passOn =
    (level: "error" | "info" | "debug") =>
    (...words: unknown[]): void => {
      if (String(words[0]).startsWith("Failed to add metadata entry ")) return;
      const write: ((...words: unknown[]) => void) | undefined = logger[level] ?? logger.error;
      write?.apply(logger, words);
    };
  const quiet: GrpcLogger = { error: passOn("error"), info: passOn("info"), debug: passOn("debug") };
  ours.add(quiet);
  setLogger(quiet);
}
