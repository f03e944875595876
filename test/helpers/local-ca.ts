import { join } from "node:path";
import { type CreateCaOptions, createLocalCa } from "../../src/ca/create-local-ca.js";
import { issueCredentials } from "../../src/ca/issue-credentials.js";
import type { LocalCa } from "../../src/ca/local-ca.js";
import { pinPeers } from "../../src/credentials/pin-peers.js";
import { tempDirectory } from "./temp-directory.js";

/** A CA of `local.test` on disk, in `<a temporary directory>/ca`. */
export function localCa(options: Partial<CreateCaOptions> = {}): Promise<LocalCa> {
  return createLocalCa(join(tempDirectory(), "ca"), { trustDomain: "local.test", ...options });
}

/** Two identities of one CA that have learnt each other: the directories of `cli` and `greeter`. */
export async function pinnedPair(options: Partial<CreateCaOptions> = {}): Promise<PinnedPair> {
  const ca = await localCa(options);
  const [cli, greeter] = ["cli", "greeter"].map((name) => join(ca.directory, "..", name)) as [string, string];
  await issueCredentials(ca, "spiffe://local.test/cli", cli);
  await issueCredentials(ca, "spiffe://local.test/greeter", greeter);
  await pinPeers([cli, greeter], { now: ca.now });
  return { ca, cli, greeter };
}

export interface PinnedPair {
  readonly ca: LocalCa;
  readonly cli: string;
  readonly greeter: string;
}
