import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { built } from "./built.js";
import type { ExampleWorld } from "./example-processes.js";
import { testTransport } from "./greeter-pair.js";

export interface Held {
  /** Written so far. */
  readonly messages: number;
  /** What is alive on the heap and outside of it. */
  readonly bytes: number;
}

/** test/helpers/memory-peer.mjs as a process. */
export class MemoryPeer {
  readonly #child: ChildProcess;

  static async start(role: "server" | "client", world: ExampleWorld, messageBytes: number): Promise<MemoryPeer> {
    const args = [role, built("."), world[role], world.target, testTransport, String(messageBytes)];
    const child = fork(join(import.meta.dirname, "memory-peer.mjs"), args, { execArgv: ["--expose-gc"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    const [word] = await once(child, "message");
    if (word !== "ready") throw new Error("the process does not begin as it should");
    return new MemoryPeer(child);
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  held(): Promise<Held> {
    return this.#ask("memory");
  }

  /** Ends the requests of a client. */
  stop(): Promise<{ readonly count: number; readonly messages: number }> {
    return this.#ask("stop");
  }

  async #ask<T>(question: string): Promise<T> {
    const answer = once(this.#child, "message");
    this.#child.send(question);
    return (await answer)[0] as T;
  }
}
