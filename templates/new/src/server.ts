import { address, credentials, ids } from "./places.js";
import { startServer } from "./start-server.js";

const server = await startServer({ credentials: credentials.server, address, users: [ids.client] });
console.log(`listening on ${address}`);

// Calls under way finish; a second Ctrl-C does not wait for them.
process.once("SIGINT", () => void server.drain());
process.once("SIGTERM", () => void server.drain());
