import { join } from "node:path";
import { SpiffeId } from "../../src/identity/spiffe-id.js";
import { type IssueTokenRequest, TokenIssuer } from "../../src/tokens/token-issuer.js";
import type { TokenHolder } from "../../src/tokens/token-request.js";
import type { GreeterPair } from "./greeter-pair.js";
import { clientId, serverId, type World } from "./identities.js";
import { tempDirectory } from "./temp-directory.js";

export const issuerId = "spiffe://local.test/tokens";

/** An issuer in a directory of its own. */
export async function tempIssuer(now?: () => number): Promise<{ directory: string; issuer: TokenIssuer }> {
  const directory = join(tempDirectory(), "issuer");
  const { issuer } = await TokenIssuer.ensure(directory, issuerId, now && { now });
  return { directory, issuer };
}

/** The code in the log of the first call that was refused for its token. */
export async function refusalCode({ log }: Pick<GreeterPair, "log">): Promise<unknown> {
  return (await log.find(({ event, status }) => event === "call" && status === "UNAUTHENTICATED")).code;
}

/** The holder of tokens that a leaf of this world is. */
export function holderOf(world: World, id: string = clientId): TokenHolder {
  return { id: SpiffeId.parse(id), leaf: world.leaf(id).certificate };
}

/** A token for the greeter, held by the client; what a test is about it replaces. */
export async function issue(
  issuer: TokenIssuer,
  world: World,
  request: Partial<IssueTokenRequest> = {},
): Promise<string> {
  const { token } = await issuer.issue({ holder: holderOf(world), audience: serverId, scopes: ["greet"], ...request });
  return token;
}
