import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { OperationName, ReplyOf, RequestOf } from "./protocol.js";

/** No operation takes nearly as long; a subject that hangs must not hang the run. */
const patienceMs = 120_000;

/** One of a subject's two processes, seen from the runner. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  /** Starts a process. Resolves when it is ready, to it and what it said. */
  static async start(program: string, args: readonly string[]): Promise<{ worker: WorkerProcess; ready: object }> {
    const worker = new WorkerProcess(spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] }));
    return { worker, ready: await worker.#answer("start") };
  }

  private constructor(child: ChildProcess) {
    if (child.stdout === null || child.stdin === null) throw new Error("the process has no pipes");
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.once("error", () => child.stdout?.destroy());
    // A process that is gone shows in the answer that does not come.
    child.stdin.on("error", () => {});
  }

  async ask<N extends OperationName>(operation: N, request: RequestOf<N>): Promise<ReplyOf<N>> {
    this.#child.stdin?.write(`${JSON.stringify({ operation, ...request })}\n`);
    return (await this.#answer(operation)) as ReplyOf<N>;
  }

  /** Lets the process end by itself. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, "exit");
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 5_000);
    await gone;
    clearTimeout(timer);
  }

  async #answer(operation: string): Promise<object> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), patienceMs);
    const line = await this.#lines.next();
    clearTimeout(timer);
    if (line.done) throw new Error(`the process ended, or took longer than ${patienceMs / 1_000} s, at "${operation}"`);
    const answer = JSON.parse(line.value) as object;
    if ("error" in answer) throw new Error(`${operation}: ${answer.error}`);
    return answer;
  }
}
