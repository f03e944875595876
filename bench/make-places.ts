import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLocalCa } from "../src/ca/create-local-ca.js";
import { issueCredentials } from "../src/ca/issue-credentials.js";
import { pinPeers } from "../src/credentials/pin-peers.js";
import type { Party, Place } from "./place.js";

/** Places with the same two identities, in a temporary directory. */
export interface Places extends AsyncDisposable {
  /** A place with a socket of its own. */
  next(): Place;
}

export async function makePlaces(): Promise<Places> {
  const root = await mkdtemp(join(tmpdir(), "pinwire-bench-"));
  const server = { id: "spiffe://bench.test/server", directory: join(root, "server") };
  const client = { id: "spiffe://bench.test/client", directory: join(root, "client") };
  await issue(join(root, "ca"), server, client);
  let sockets = 0;
  return {
    next() {
      sockets += 1;
      return { socketPath: join(root, `${sockets}.sock`), server, client };
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

/** The same P-256 leaves for all subjects; all but pinwire check the name `localhost` instead of the SPIFFE ID. */
async function issue(directory: string, server: Party, client: Party): Promise<void> {
  const ca = await createLocalCa(directory, { trustDomain: "bench.test" });
  await issueCredentials(ca, server.id, server.directory, { dnsNames: ["localhost"] });
  await issueCredentials(ca, client.id, client.directory);
  await pinPeers([server.directory, client.directory]);
}
