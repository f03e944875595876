import { join } from "node:path";
import { type Address, parseAddress, type UnixAddress } from "../../src/transport/address.js";
import { tempDirectory } from "./temp-directory.js";

/** An address in a private directory that does not exist yet, below one that goes away with the test. */
export function tempAddress(...segments: string[]): UnixAddress {
  return unixAddress(join(tempDirectory(), ...(segments.length > 0 ? segments : ["run", "test.sock"])));
}

export function unixAddress(path: string): UnixAddress {
  const address: Address = parseAddress(`unix:${path}`);
  if (address.kind !== "unix") throw new TypeError(`${path} is no path`);
  return address;
}
