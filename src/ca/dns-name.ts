import { ConfigError } from "../errors.js";
import { isHostName } from "../identity/host-name.js";

/** The DNS name that every local CA may sign: what other gRPC stacks expect of a server on a Unix socket. */
export const localhost = "localhost";

/**
 * Checks DNS names that are to be put into a certificate: host names in lower case, no wildcard. Returns them without
 * repetitions.
 *
 * @throws ERR_INVALID_OPTION
 */
export function checkDnsNames(names: readonly string[]): string[] {
  for (const name of names) {
    if (isHostName(name) && name === name.toLowerCase() && !name.startsWith("*")) continue;
    throw new ConfigError(
      "ERR_INVALID_OPTION",
      `${JSON.stringify(name)} is not a DNS name`,
      "use lower-case letters, digits, hyphens and dots, for example localhost; no wildcard, no IP address",
    );
  }
  return [...new Set(names)];
}

/** Whether a name is one of the permitted ones or below one (RFC 5280, section 4.2.1.10, dNSName). */
export function isPermittedDnsName(name: string, permitted: readonly string[]): boolean {
  return permitted.some((base) => name === base || name.endsWith(`.${base}`));
}
