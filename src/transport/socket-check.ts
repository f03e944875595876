import type { Address } from "./address.js";
import { requirePlatform } from "./platform.js";
import { checkServerSocketPosix } from "./socket-check-posix.js";
import { checkServerSocketWindows } from "./socket-check-windows.js";

/**
 * What a client looks at before it connects: who could have put this socket here.
 *
 * @param owners the users a server may run as. Default: this process's user and root.
 * @throws PeerError ERR_NO_SOCKET, ERR_NOT_A_SOCKET, ERR_SOCKET_OWNER, ERR_DIRECTORY_NOT_PRIVATE
 * @throws ConfigError ERR_UNSUPPORTED_PLATFORM
 */
export async function checkServerSocket(address: Address, owners?: readonly number[]): Promise<void> {
  requirePlatform(address);
  if (address.kind === "unix") await checkServerSocketPosix(address, owners);
  else await checkServerSocketWindows(address);
}
