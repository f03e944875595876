import { ConfigError } from "../errors.js";
import type { Address } from "./address.js";

/**
 * Node.js has Unix sockets everywhere but on Windows, and named pipes only there.
 *
 * @throws ConfigError ERR_UNSUPPORTED_PLATFORM
 */
export function requirePlatform({ kind, text }: Address, platform: NodeJS.Platform = process.platform): void {
  if ((kind === "npipe") === (platform === "win32")) return;
  const hint = kind === "unix" ? "use npipe:name on Windows" : "use unix:/absolute/path, named pipes exist on Windows";
  throw new ConfigError("ERR_UNSUPPORTED_PLATFORM", `${text} cannot be used on ${platform}`, hint);
}
