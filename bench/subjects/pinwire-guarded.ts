import { dirname, join } from "node:path";
import { loadCredentials } from "pinwire";
import { TokenIssuer } from "pinwire/tokens";
import { guardedService } from "../guarded-service.js";
import { pinwireSubject } from "../pinwire.js";
import type { Place } from "../place.js";

const issuerId = "spiffe://bench.test/tokens";

/** Everything about calls that can be switched on: roles, a token in each call, rates, freshness, retries, the breaker. */
export const subject = {
  ...pinwireSubject("direct", "the direct transport with every rule about calls switched on", {
    service: guardedService(),
    async server(place) {
      const issuer = await issuerOf(place);
      return {
        roles: { bench: [place.client.id] },
        tokens: { issuers: issuer.publicFile },
        freshness: "required",
        limits: { callsPerSecond: 10_000_000, callsPerSecondPerMethod: 10_000_000 },
      };
    },
    async client(place) {
      const issuer = await issuerOf(place);
      const { svid } = (await loadCredentials(place.client.directory, { watch: false })).current();
      const { token } = await issuer.issue({ holder: svid, audience: place.server.id, scopes: ["bench"] });
      return { token, circuitBreaker: {} };
    },
  }),
  onRequest: true,
};

async function issuerOf({ server: { directory } }: Place): Promise<TokenIssuer> {
  const { issuer } = await TokenIssuer.ensure(join(dirname(directory), "issuer"), issuerId);
  return issuer;
}
