import { ConfigError } from "../errors.js";
import { type AcceptHandlers, startAccepting, stopAccepting } from "./accepting-server.js";
import type { PipeAddress } from "./address.js";
import type { SocketListener } from "./socket-listener.js";

/**
 * A named pipe has no file to check: libuv asks for the first instance, so that a name somebody has already makes us
 * fail, and the name is free again when the process ends. Everyone may open the pipe, Node.js cannot set its ACL; who
 * connects is decided by the TLS gate alone (docs/transport.md, Windows).
 */
export async function listenSocketWindows(address: PipeAddress, handlers: AcceptHandlers): Promise<SocketListener> {
  const server = await startAccepting(address.path, handlers).catch((cause: NodeJS.ErrnoException) => {
    throw listenError(address, cause);
  });
  return { address, close: () => stopAccepting(server) };
}

function listenError({ text }: PipeAddress, cause: NodeJS.ErrnoException): ConfigError {
  // Also when the first instance belongs to another user.
  if (cause.code === "EADDRINUSE") {
    const hint = "stop the process that owns it, or choose another name";
    return new ConfigError("ERR_ADDRESS_IN_USE", `the pipe ${text} exists already`, hint, { cause });
  }
  const problem = `cannot listen on ${text}: ${cause.code ?? cause.message}`;
  return new ConfigError("ERR_LISTEN_FAILED", problem, "choose another name", { cause });
}
