import type { DescService } from "@bufbuild/protobuf";
import { onTestFinished } from "vitest";
import { loadCredentials } from "../../src/credentials/load-credentials.js";
import { allow } from "../../src/interceptors/policy.js";
import { createServer, type Server } from "../../src/server/server.js";
import type { ServerSettings } from "../../src/server/server-options.js";
import { ExampleWorld } from "./example-processes.js";
import { clientId, serverId } from "./identities.js";
import { type Finished, pinwire, RunningPinwire } from "./pinwire.js";

export interface ServedService {
  readonly service: DescService;
  readonly implementation: object;
}

/** A server of this test, and the `pinwire` command with credentials to reach it. */
export class CliWorld {
  readonly world: ExampleWorld;
  readonly server: Server;

  private constructor(world: ExampleWorld, server: Server) {
    this.world = world;
    this.server = server;
  }

  /** @param also what the client may call besides */
  static async start(
    services: readonly ServedService[],
    settings: Partial<ServerSettings> = {},
    also: readonly DescService[] = [],
  ): Promise<CliWorld> {
    const world = await ExampleWorld.make();
    const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
    const policy = [...services.map(({ service }) => service), ...also].map((service) => allow(service, clientId));
    const credentials = await loadCredentials(world.server, { watch: false });
    const [first, ...rest] = policy;
    if (first === undefined) throw new Error("a test without services");
    const server = createServer({ credentials, logger: quiet, ...settings, policy: [first, ...rest] });
    for (const { service, implementation } of services) server.service(service, implementation as never);
    await server.listen(world.target);
    onTestFinished(() => server.close());
    return new CliWorld(world, server);
  }

  /** Runs a command about this server: `pinwire COMMAND TARGET …`. */
  run(command: string, args: readonly string[], input?: string | Uint8Array): Promise<Finished> {
    return pinwire(this.words(command, args), input === undefined ? {} : { input });
  }

  begin(command: string, args: readonly string[]): RunningPinwire {
    return new RunningPinwire(this.words(command, args));
  }

  words(command: string, args: readonly string[]): string[] {
    return [command, this.world.target, ...args, "--credentials", this.world.client, "--peer", serverId];
  }
}
