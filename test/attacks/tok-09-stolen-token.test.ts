// TOK-09: a token is worth nothing on another connection than its holder's.
import { describe, expect, it } from "vitest";
import { PinSet } from "../../src/identity/pin-set.js";
import { SpiffeId } from "../../src/identity/spiffe-id.js";
import { SpkiPin } from "../../src/identity/spki-pin.js";
import { X509Svid } from "../../src/identity/x509-svid.js";
import { allow } from "../../src/interceptors/policy.js";
import { MutableSource } from "../../src/source.js";
import { generateKeys } from "../../src/x509/keys.js";
import { failure } from "../helpers/collect.js";
import { GreeterPair } from "../helpers/greeter-pair.js";
import { clientId, serverId, World } from "../helpers/identities.js";
import { mintLeaf } from "../helpers/mint.js";
import { holderOf, issue, refusalCode, tempIssuer } from "../helpers/tokens.js";
import { withPolicy } from "../helpers/with-policy.js";

const service = withPolicy({ SayHello: { requiredScopes: ["greet"] } });
const thiefId = "spiffe://local.test/thief";

describe("TOK-09: a stolen token", () => {
  it("is refused on the connection of another identity that may call the method too", async () => {
    const { issuer } = await tempIssuer();
    const pair = await GreeterPair.start({
      service,
      server: { tokens: { issuers: issuer.publicFile }, policy: [allow(service, clientId, thiefId)] },
    });
    const token = await issue(issuer, pair.world);
    await pair.newClient({ token }).sayHello({ name: "x" });
    const thief = pair.strangerClient(thiefId);
    const { message } = await failure(
      thief.sayHello({ name: "x" }, { metadata: { authorization: `Bearer ${token}` } }),
    );
    expect(message).toMatch(/^UNAUTHENTICATED: a valid token is required/);
    expect(await pair.log.find(({ status }) => status === "UNAUTHENTICATED")).toMatchObject({
      code: "ERR_TOKEN_HOLDER",
      peer: thiefId,
    });
  });

  it("is refused with another key of the same identity, and good after a renewal with the same key", async () => {
    const { issuer } = await tempIssuer();
    const pair = await GreeterPair.start({ service, server: { tokens: { issuers: issuer.publicFile } } });
    const { world } = pair;
    const token = await issue(issuer, world);

    const renewed = mintLeaf(world.ca, { id: clientId, key: world.leaf(clientId).key });
    const clientOf = (leaf: typeof renewed) => {
      const svid = X509Svid.fromPem({ certPem: leaf.pem, keyPem: leaf.keyPem, now: new Date() });
      const credentials = new MutableSource({ ...world.credentials(clientId, serverId), svid });
      return pair.newClient({ credentials, token });
    };
    await clientOf(renewed).sayHello({ name: "x" });

    const rekeyed = mintLeaf(world.ca, { id: clientId, key: generateKeys().privateKey });
    const next = SpkiPin.ofSpki(rekeyed.certificate.spki);
    pair.serverCredentials.set({
      ...world.credentials(serverId, clientId),
      pins: PinSet.of([[SpiffeId.parse(clientId), { current: world.pinOf(clientId), next }]]),
    });
    expect((await failure(clientOf(rekeyed).sayHello({ name: "x" }))).status).toBe(16);
    expect(await refusalCode(pair)).toBe("ERR_TOKEN_HOLDER");
  });

  it("is refused when it was issued to another CA's holder of the same name", async () => {
    const { issuer } = await tempIssuer();
    const pair = await GreeterPair.start({ service, server: { tokens: { issuers: issuer.publicFile } } });
    const token = await issue(issuer, pair.world, { holder: holderOf(new World()) });
    expect((await failure(pair.newClient({ token }).sayHello({ name: "x" }))).status).toBe(16);
    expect(await refusalCode(pair)).toBe("ERR_TOKEN_HOLDER");
  });
});
