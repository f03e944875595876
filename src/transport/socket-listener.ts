import type { AcceptHandlers } from "./accepting-server.js";
import type { Address } from "./address.js";
import { requirePlatform } from "./platform.js";
import { listenSocketPosix } from "./socket-listener-posix.js";
import { listenSocketWindows } from "./socket-listener-windows.js";

/** An address that is ours, and the connections that arrive at it. */
export interface SocketListener {
  readonly address: Address;
  /** Gives the address up. Connections that were accepted go on. */
  close(): Promise<void>;
}

/**
 * Takes an address. `onSocket` gets each connection to it, not yet read from and without listeners.
 *
 * @throws ConfigError ERR_ADDRESS_IN_USE, ERR_NOT_A_SOCKET, ERR_DIRECTORY_NOT_PRIVATE, ERR_PATH_TOO_LONG,
 * ERR_FILE_MISSING, ERR_FILE_WRITE, ERR_LISTEN_FAILED, ERR_UNSUPPORTED_PLATFORM
 */
export async function listenSocket(address: Address, handlers: AcceptHandlers): Promise<SocketListener> {
  requirePlatform(address);
  return address.kind === "unix" ? listenSocketPosix(address, handlers) : listenSocketWindows(address, handlers);
}
