import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadCredentials, type Server } from "pinwire";
import { createLocalCa, issueCredentials } from "pinwire/ca";
import { pinPeers } from "pinwire/identity";
import { createGreeterClient, type GreeterClient } from "../src/gen/greeter/v1/greeter_pinwire.js";
import { startServer } from "../src/start-server.js";

const names = ["server", "user", "stranger"] as const;
type Name = (typeof names)[number];

/** A server with identities of its own, in a temporary directory: real certificates, a real socket. */
export class World {
  readonly dir: string;
  readonly address: string;
  readonly server: Server;

  private constructor(dir: string, address: string, server: Server) {
    this.dir = dir;
    this.address = address;
    this.server = server;
  }

  static async start(): Promise<World> {
    const dir = await mkdtemp(join(tmpdir(), "greeter-"));
    const ca = await createLocalCa(join(dir, "ca"), { trustDomain: "local.test" });
    for (const name of names) await issueCredentials(ca, idOf(name), join(dir, name));
    await pinPeers(names.map((name) => join(dir, name)));
    const address =
      process.platform === "win32" ? `npipe:greeter-${process.pid}` : `unix:${join(dir, "run", "greeter.sock")}`;
    const server = await startServer({ credentials: join(dir, "server"), address, users: [idOf("user")] });
    return new World(dir, address, server);
  }

  async stop(): Promise<void> {
    await this.server.close();
    await rm(this.dir, { recursive: true });
  }
}

/** A client of that server. */
export async function clientOf(world: World, name: Name): Promise<GreeterClient> {
  return createGreeterClient({
    credentials: await loadCredentials(join(world.dir, name)),
    target: world.address,
    peer: idOf("server"),
    timeoutMs: 1_000,
  });
}

function idOf(name: Name): string {
  return `spiffe://local.test/${name}`;
}
