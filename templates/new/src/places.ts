import { join } from "node:path";

// The directory of this project: this file runs as dist/src/places.js.
const root = join(import.meta.dirname, "..", "..");

/** The identities that `npm run identities` makes. */
export const ids = { server: "spiffe://local.test/greeter", client: "spiffe://local.test/cli" };
export const credentials = { server: join(root, "certs", "greeter"), client: join(root, "certs", "cli") };

/** Where server and client meet. The server makes the directory, for its own user alone. */
export const address = process.platform === "win32" ? "npipe:greeter" : `unix:${join(root, "run", "greeter.sock")}`;
