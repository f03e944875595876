// TOK-05: a token for another audience is refused, whatever it looks like; a verifier in Python says so of the same tokens
// in test/tokens/verify-token.test.ts.
import { describe, expect, it } from "vitest";
import { Status } from "../../src/status.js";
import { failure } from "../helpers/collect.js";
import { GreeterPair } from "../helpers/greeter-pair.js";
import { serverId } from "../helpers/identities.js";
import { tokenTable } from "../helpers/token-table.js";
import { issue, refusalCode, tempIssuer } from "../helpers/tokens.js";
import { withPolicy } from "../helpers/with-policy.js";

const service = withPolicy({ SayHello: { requiredScopes: ["greet"] } });

describe("TOK-05: a token for another server", () => {
  it.each([
    ["another server", "spiffe://local.test/other"],
    ["what ours begins with", serverId.slice(0, -1)],
    ["what begins with ours", `${serverId}/admin`],
    ["another trust domain", "spiffe://other.test/greeter"],
  ])("is refused: %s", async (_, audience) => {
    const { issuer } = await tempIssuer();
    const pair = await GreeterPair.start({ service, server: { tokens: { issuers: issuer.publicFile } } });
    const token = await issue(issuer, pair.world, { audience });
    // A client of ours does not even send it: whom it reached would learn what it grants elsewhere.
    const unsent = await failure(pair.newClient({ token }).sayHello({ name: "x" }));
    expect(unsent).toMatchObject({ code: "ERR_TOKEN_AUDIENCE", status: Status.UNAUTHENTICATED, attempts: 0 });
    expect(unsent.rawMessage).toBe("the token is for another server than the peer of this channel; it was not sent");
    expect(pair.log.records.filter(({ event }) => event === "call")).toEqual([]);
    const metadata = { authorization: `Bearer ${token}` };
    const { message } = await failure(pair.client.sayHello({ name: "x" }, { metadata }));
    expect(message).toMatch(/^UNAUTHENTICATED: a valid token is required \(reference [0-9a-f]{12}\)$/);
    expect(await refusalCode(pair)).toBe("ERR_TOKEN_AUDIENCE");
  });

  it("is in the table that two verifiers agree on: lists, spellings and all", () => {
    const audiences = tokenTable().filter(({ name }) => name.startsWith("aud ") || name.includes(" aud"));
    expect(audiences.length).toBeGreaterThanOrEqual(10);
    expect(audiences.map(({ verdict }) => verdict)).not.toContain("ok");
  });
});
