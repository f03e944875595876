import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { onTestFinished } from "vitest";
import { built } from "./built.js";
import { toGlobalSink } from "./global-sink.js";

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built `pinwire` command as a process, with `input` as all of its standard input. */
export function pinwire(
  args: readonly string[],
  { input = "", cwd }: { input?: string | Uint8Array; cwd?: string } = {},
) {
  const running = new RunningPinwire(args, cwd);
  running.child.stdin?.end(input);
  return running.finished;
}

/** The same with an input that goes on. */
export class RunningPinwire {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  #stdout = "";
  #stderr = "";
  #wake = () => {};

  constructor(args: readonly string[], cwd?: string) {
    this.child = spawn(process.execPath, [built("src/cli/main.js"), ...args], { cwd });
    // It may well end before it has read everything.
    this.child.stdin?.on("error", () => {});
    this.child.stdout?.on("data", (chunk) => this.#take(() => (this.#stdout += chunk)));
    this.child.stderr?.on("data", (chunk) => this.#take(() => (this.#stderr += chunk)));
    this.finished = once(this.child, "close").then(([code]) => {
      toGlobalSink("standard error of pinwire", this.#stderr);
      this.#wake();
      return { code, stdout: this.#stdout, stderr: this.#stderr };
    });
    onTestFinished(async () => {
      this.child.kill("SIGKILL");
      await this.finished;
    });
  }

  write(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  /** Settles when this many lines are on standard output. */
  async lines(count: number): Promise<string[]> {
    for (;;) {
      const lines = this.#stdout.split("\n").slice(0, -1);
      if (lines.length >= count) return lines;
      if (this.child.exitCode !== null) throw new Error(`ended early: ${this.#stderr}`);
      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
    }
  }

  #take(add: () => void): void {
    add();
    this.#wake();
  }
}
