// A server whose first words are also its last. grpc-js by itself spins for ever then, and takes the process with it.
import { expect, it } from "vitest";
import { Status } from "../../../src/status.js";
import type { UnixAddress } from "../../../src/transport/address.js";
import { parseAddress } from "../../../src/transport/address.js";
import { failure } from "../../helpers/collect.js";
import { GreeterPair } from "../../helpers/greeter-pair.js";
import { serverId } from "../../helpers/identities.js";
import { rogueServer } from "../../helpers/tls-peer.js";

const settings = Buffer.from("000000040000000000", "hex");
/** Last stream 0, NO_ERROR. */
const goAway = Buffer.from("0000080700000000000000000000000000", "hex");

it("SETTINGS and GOAWAY in one piece: the call keeps its deadline", async () => {
  const pair = new GreeterPair();
  const { pem: cert, keyPem: key } = pair.world.leaf(serverId);
  let connections = 0;
  await rogueServer(parseAddress(pair.target) as UnixAddress, { cert, key, ALPNProtocols: ["h2"] }, (socket) => {
    connections += 1;
    socket.write(Buffer.concat([settings, goAway]));
    socket.resume();
  });
  const client = pair.newClient({ transports: ["h2"] });
  const error = await failure(client.sayHello({ name: "x" }, { timeoutMs: 500 }));
  expect([Status.DEADLINE_EXCEEDED, Status.UNAVAILABLE]).toContain(error.status);
  expect(connections).toBeGreaterThan(0);
});
