// AUTH-14: the right CA and a pinned key, but another SPIFFE ID: denied by the policy, whatever the ID resembles.
import { describe, expect, it } from "vitest";
import { Status } from "../../src/status.js";
import { failure } from "../helpers/collect.js";
import { GreeterPair } from "../helpers/greeter-pair.js";
import { clientId } from "../helpers/identities.js";

describe("AUTH-14: another identity of the same CA", () => {
  const others = [
    "spiffe://local.test/other",
    `${clientId}2`,
    `${clientId}/sub`,
    clientId.slice(0, -1),
    "spiffe://local.test/Cli",
  ];
  for (const id of others) {
    it(`${id} is not ${clientId}`, async () => {
      let handled = 0;
      const pair = await GreeterPair.start({
        implementation: {
          sayHello: () => {
            handled += 1;
            return { greeting: "" };
          },
        },
      });
      const error = await failure(pair.strangerClient(id).sayHello({ name: "x" }));
      expect(error).toMatchObject({ status: Status.PERMISSION_DENIED, code: "ERR_RPC_PERMISSION_DENIED" });
      expect(error.rawMessage).toMatch(/^permission denied \(reference [0-9a-f]{12}\)$/);
      expect(await pair.log.find(({ code }) => code === "ERR_POLICY")).toMatchObject({ level: "warn", peer: id });
      expect(handled).toBe(0);
    });
  }
});
