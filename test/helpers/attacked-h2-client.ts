import { onTestFinished } from "vitest";
import { parseAddress } from "../../src/transport/address.js";
import { GreeterPair, RecordingLogger } from "./greeter-pair.js";
import { serverId } from "./identities.js";
import { type RawAnswer, RawH2Server } from "./raw-h2-server.js";

/** A pinwire client of a raw HTTP/2 server; nothing is tried twice. */
export async function attackedH2Client(answer: RawAnswer, { timeoutMs = 10_000 } = {}) {
  const log = new RecordingLogger();
  const pair = new GreeterPair({
    client: {
      transports: ["h2"],
      logger: log,
      timeoutMs,
      serviceConfig: { methodConfig: [{ name: [{}], retryPolicy: "none" }] },
    },
  });
  const address = parseAddress(pair.target);
  if (address.kind !== "unix") throw new TypeError("the greeter's target is a Unix socket");
  const server = await RawH2Server.listen(address, pair.world.leaf(serverId), answer);
  const { client } = pair;
  onTestFinished(() => client.close());
  return { client, server, log, pair };
}
