import { fileURLToPath } from "node:url";
import type { Place } from "./place.js";
import { WorkerProcess } from "./worker/worker-process.js";

/** How a subject's processes are started. */
export interface Launch {
  readonly name: string;
  /** The program of a subject in another language; a module runs in Node.js. */
  readonly program: string | undefined;
  /** Where CPU profiles of modules go, when they are wanted. */
  readonly profileDirectory: string | undefined;
}

/** A server process and a client process of one subject. */
export class Pair implements AsyncDisposable {
  readonly place: Place;
  /** Where the server is, in the terms of the subject's clients. */
  readonly address: string;
  readonly server: WorkerProcess;
  readonly client: WorkerProcess;

  static async start(launch: Launch, place: Place): Promise<Pair> {
    const { worker: server, ready } = await start(launch, "server", [JSON.stringify(place)]);
    try {
      const { address } = ready as { address: string };
      const { worker: client } = await start(launch, "client", [JSON.stringify(place), address]);
      return new Pair(place, address, server, client);
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  private constructor(place: Place, address: string, server: WorkerProcess, client: WorkerProcess) {
    this.place = place;
    this.address = address;
    this.server = server;
    this.client = client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.stop();
    await this.server.stop();
  }
}

function start({ name, program, profileDirectory }: Launch, role: "server" | "client", args: readonly string[]) {
  if (program !== undefined) return WorkerProcess.start(program, [role, ...args]);
  const script = fileURLToPath(new URL(`./worker/${role}.js`, import.meta.url));
  const profile = ["--cpu-prof", `--cpu-prof-dir=${profileDirectory}`, `--cpu-prof-name=${name}-${role}.cpuprofile`];
  const flags = ["--expose-gc", ...(profileDirectory === undefined ? [] : profile)];
  return WorkerProcess.start(process.execPath, [...flags, script, name, ...args]);
}
