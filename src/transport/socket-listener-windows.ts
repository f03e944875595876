import { setTimeout as delay } from "node:timers/promises";
import { ConfigError } from "../errors.js";
import { type AcceptHandlers, startAccepting, stopAccepting } from "./accepting-server.js";
import type { PipeAddress } from "./address.js";
import type { SocketListener } from "./socket-listener.js";

/** Clients of a server that has just ended need no longer to close their end. */
const patienceMs = 1_000;

/**
 * A named pipe has no file to check: libuv asks for the first instance, so that a name somebody has already makes us
 * fail. It is free again when the last end of its connections is closed. Node.js cannot set its ACL; who connects is
 * decided by the TLS gate alone (docs/transport.md, Windows).
 */
export async function listenSocketWindows(address: PipeAddress, handlers: AcceptHandlers): Promise<SocketListener> {
  const giveUpAt = performance.now() + patienceMs;
  for (;;) {
    try {
      const server = await startAccepting(address.path, handlers);
      return { address, close: () => stopAccepting(server) };
    } catch (error) {
      const cause = error as NodeJS.ErrnoException;
      if (cause.code !== "EADDRINUSE" || performance.now() >= giveUpAt) throw listenError(address, cause);
    }
    await delay(50);
  }
}

function listenError({ text }: PipeAddress, cause: NodeJS.ErrnoException): ConfigError {
  // Also when the first instance belongs to another user.
  if (cause.code === "EADDRINUSE") {
    const hint = "stop the process that owns it, and what is still connected to it, or choose another name";
    return new ConfigError("ERR_ADDRESS_IN_USE", `the pipe ${text} exists already`, hint, { cause });
  }
  const problem = `cannot listen on ${text}: ${cause.code ?? cause.message}`;
  return new ConfigError("ERR_LISTEN_FAILED", problem, "choose another name", { cause });
}
