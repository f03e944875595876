// Every way to break the direct protocol, in both roles: the connection ends with GOAWAY and the code of the violation, there
// is one record of it, and nobody else notices. Those that need many frames are in direct-abuse.test.ts, limits in
// direct-limits.test.ts.
import { describe, expect, it } from "vitest";
import { hello, type } from "../../scripts/direct-frames.js";
import { violations } from "../../src/rpc/direct/violation.js";
import { Status } from "../../src/status.js";
import { collect, failure } from "../helpers/collect.js";
import { AttackedClient, AttackedServer } from "../helpers/direct-attack.js";
import { violationsOfClients } from "../helpers/violations-of-clients.js";
import { violationsOfServers } from "../helpers/violations-of-servers.js";

const codes: Readonly<Record<string, number>> = violations;

describe("a server whose client breaks the protocol", () => {
  for (const { violation, what, frames, first } of violationsOfClients) {
    it(`${violation}: ${what}`, async () => {
      const server = await AttackedServer.start();
      const peer = first ? await server.connect() : await server.greeted();
      peer.send(...frames);
      await server.expectEnd(peer, violation, codes[violation] as number);
    });
  }

  it("SILENT_PEER: no HELLO", async () => {
    const server = await AttackedServer.start({ server: { handshakeTimeoutMs: 1_000 } });
    const peer = await server.connect();
    await server.expectEnd(peer, "SILENT_PEER", violations.SILENT_PEER);
  });

  it("SILENT_PEER: half a HELLO", async () => {
    const server = await AttackedServer.start({ server: { handshakeTimeoutMs: 1_000 } });
    const peer = await server.connect();
    peer.send(hello().subarray(0, 20));
    await server.expectEnd(peer, "SILENT_PEER", violations.SILENT_PEER);
  });
});

describe("a client whose server breaks the protocol", () => {
  for (const { violation, what, frames, first, unread, succeeds } of violationsOfServers) {
    it(`${violation}: ${what}`, async () => {
      const attacked = await AttackedClient.start();
      const responses = attacked.client.sayManyHellos({ name: "x" });
      const call = unread ? undefined : succeeds ? collect(responses) : failure(responses);
      const peer = await attacked.server.accept();
      if (!first) {
        await peer.greet();
        await peer.next(type.data);
      }
      peer.send(...frames);
      if (succeeds) expect(await call).toHaveLength(1);
      else if (!unread) {
        const message = expect.stringContaining(violation);
        expect(await call).toMatchObject({ code: "ERR_PROTOCOL_VIOLATION", status: Status.INTERNAL, message });
      }
      await attacked.expectEnd(peer, violation, codes[violation] as number);
    });
  }

  it("SILENT_PEER: half a HELLO", async () => {
    const attacked = await AttackedClient.start({ handshakeTimeoutMs: 1_000 });
    const call = failure(attacked.client.sayHello({ name: "x" }));
    const peer = await attacked.server.accept();
    peer.send(hello().subarray(0, 20));
    expect(await call).toMatchObject({
      code: "ERR_CONNECTION_LOST",
      message: "UNAVAILABLE: the connection to the server was lost: no HELLO in time",
    });
    await attacked.expectEnd(peer, "SILENT_PEER", violations.SILENT_PEER);
  });
});

it("every violation is attempted, here or beside it", () => {
  const here = [...violationsOfClients, ...violationsOfServers].map(({ violation }) => violation);
  // Limits and floods are in files of their own, and INTERNAL_ERROR is nothing that a peer could bring about.
  const beside = ["SILENT_PEER", "TOO_MANY_STREAMS", "TOO_MUCH_NOISE", "INTERNAL_ERROR"];
  expect(new Set([...here, ...beside])).toEqual(new Set(Object.keys(violations)));
});
