import { existsSync, lstatSync, rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { dialError, echoed, SecurePair } from "../helpers/secure-pair.js";

// A server cannot put its name back by itself without a moment in which it might take somebody else's; docs/transport.md
// says so. What it has promised to those who are connected holds.
describe("UDS-10: the socket file is deleted while a server serves", () => {
  it("goes on for who is connected, and fails at once for who is not", async () => {
    const pair = await SecurePair.start();
    const { socket } = await pair.dial();
    rmSync(pair.address.path);
    await echoed(socket, "still there");
    expect(await dialError(pair.dial())).toMatchObject({
      code: "ERR_NO_SOCKET",
      message: `there is no socket at ${pair.address.path}`,
    });
  });

  it("can be listened on again, by the same server and by another one, whose socket then stays", async () => {
    const pair = await SecurePair.start();
    rmSync(pair.address.path);
    await pair.listener.listen(pair.address);
    await pair.expectService();
    rmSync(pair.address.path);

    const heir = new SecurePair({ world: pair.world });
    await heir.listener.listen(pair.address);
    const { ino } = lstatSync(pair.address.path);
    await pair.listener.close();
    expect(lstatSync(pair.address.path).ino).toBe(ino);
    await heir.expectService({ address: pair.address });
    await heir.listener.close();
    expect(existsSync(pair.address.path)).toBe(false);
  });
});
