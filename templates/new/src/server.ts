import { loadCredentials } from "pinwire";
import { makeServer } from "./make-server.js";
import { address, credentials, ids } from "./places.js";

const server = makeServer({ credentials: await loadCredentials(credentials.server), users: [ids.client] });
await server.listen(address);
console.log(`listening on ${address}`);

// Calls under way finish; a second Ctrl-C does not wait for them.
process.once("SIGINT", () => void server.drain());
process.once("SIGTERM", () => void server.drain());
