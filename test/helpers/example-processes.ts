import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { isAbsolute, join } from "node:path";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";
import { createLocalCa } from "../../src/ca/create-local-ca.js";
import { issueCredentials } from "../../src/ca/issue-credentials.js";
import type { ChannelOptions } from "../../src/client/channel.js";
import { type ClientOptions, createClient } from "../../src/client/client.js";
import { pinPeers } from "../../src/credentials/pin-peers.js";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { loadCredentials } from "../../src/load-credentials.js";
import { built } from "./built.js";
import { toGlobalSink } from "./global-sink.js";
import { type GreeterClient, testTransport } from "./greeter-pair.js";
import { clientId, serverId } from "./identities.js";
import { sentOnce } from "./sent-once.js";
import { tempDirectory } from "./temp-directory.js";

/** Credentials on disk for the example programs, made as certs-tool makes them. */
export class ExampleWorld {
  readonly dir = tempDirectory();
  readonly target = `unix:${join(this.dir, "run", "greeter.sock")}`;
  readonly server = join(this.dir, "greeter");
  readonly client = join(this.dir, "cli");

  static async make(): Promise<ExampleWorld> {
    const world = new ExampleWorld();
    const ca = await createLocalCa(join(world.dir, "ca"), { trustDomain: "local.test" });
    await issueCredentials(ca, serverId, world.server);
    await issueCredentials(ca, clientId, world.client);
    await pinPeers([world.server, world.client]);
    return world;
  }

  /** The example server, listening. */
  async startServer(): Promise<Program> {
    const program = new Program("examples/greeter/server.js", [
      ...["--credentials", this.server, "--listen", this.target, "--allow", clientId],
    ]);
    await program.line((line) => line === `listening ${this.target}`);
    return program;
  }

  /** A client in this process that sends each call once; it closes with the test. */
  async newClient(options: Partial<ChannelOptions & ClientOptions> = {}): Promise<GreeterClient> {
    const client = createClient(GreeterService, {
      credentials: await loadCredentials(this.client, { watch: false }),
      target: this.target,
      peer: serverId,
      timeoutMs: 30_000,
      transports: [testTransport],
      serviceConfig: sentOnce,
      ...options,
    });
    onTestFinished(() => client.close());
    return client;
  }

  startClient(...args: string[]): Program {
    return new Program("examples/greeter/client.js", [
      ...["--credentials", this.client, "--target", this.target, "--peer", serverId],
      ...args,
    ]);
  }
}

/** A program of this project as a process; it is gone when the test is over. */
export class Program {
  readonly child: ChildProcess;
  readonly lines: string[] = [];
  stderr = "";
  readonly exited: Promise<{ code: number | null; signal: string | null }>;
  #wake = () => {};

  constructor(path: string, args: readonly string[]) {
    this.child = spawn(process.execPath, [isAbsolute(path) ? path : built(path), ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stderr?.on("data", (chunk) => (this.stderr += chunk));
    if (this.child.stdout) createInterface({ input: this.child.stdout }).on("line", (line) => this.#read(line));
    this.exited = once(this.child, "close").then(([code, signal]) => {
      toGlobalSink("standard error of a program", this.stderr);
      this.#wake();
      return { code, signal };
    });
    onTestFinished(async () => {
      this.child.kill("SIGKILL");
      await this.exited;
    });
  }

  /** The first line that fits, now or later. */
  async line(fits: (line: string) => boolean): Promise<string> {
    for (;;) {
      const found = this.lines.find(fits);
      if (found !== undefined) return found;
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`ended early: ${this.stderr}`);
      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
    }
  }

  #read(line: string): void {
    this.lines.push(line);
    this.#wake();
  }
}
