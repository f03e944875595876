import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What the demo reads in a record of the server's log. */
export interface LogRecord {
  readonly code?: string;
  readonly reason?: string;
  readonly status?: string;
  readonly reference?: string;
}

/** Runs a program of this project to its end. */
export async function runTool(path: string, args: readonly string[]): Promise<Finished> {
  const child = start(path, args);
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk) => (stdout += chunk));
  child.stderr?.on("data", (chunk) => (stderr += chunk));
  const [status] = await once(child, "close");
  return { status, stdout, stderr };
}

/** The example server, and what it writes to its log. */
export class ServerProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #records: LogRecord[] = [];
  #onRecord = () => {};

  private constructor(child: ChildProcess) {
    this.#child = child;
    if (child.stderr) createInterface({ input: child.stderr }).on("line", (line) => this.#read(line));
  }

  /** Settles when the server says that it listens. */
  static async start(args: readonly string[]): Promise<ServerProcess> {
    const child = start("examples/greeter/server.js", args);
    const server = new ServerProcess(child);
    if (child.stdout === null) throw new Error("the server has no standard output");
    for await (const line of createInterface({ input: child.stdout })) if (line.startsWith("listening ")) return server;
    throw new Error("the server did not start");
  }

  /** The record that has this reference, now or soon. */
  async logged(reference: string): Promise<LogRecord | undefined> {
    const deadline = AbortSignal.timeout(5_000);
    while (!deadline.aborted) {
      const record = this.#records.find((each) => each.reference === reference);
      if (record !== undefined) return record;
      await new Promise<void>((resolve) => {
        this.#onRecord = resolve;
        deadline.addEventListener("abort", () => resolve(), { once: true });
      });
    }
    return undefined;
  }

  /** Asks the server to end; its exit code. */
  async stop(): Promise<number | null> {
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    return (await exited)[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill("SIGKILL");
  }

  #read(line: string): void {
    try {
      this.#records.push(JSON.parse(line));
    } catch {
      process.stderr.write(`${line}\n`);
    }
    this.#onRecord();
  }
}

function start(path: string, args: readonly string[]): ChildProcess {
  const file = fileURLToPath(new URL(`../../${path}`, import.meta.url));
  return spawn(process.execPath, [file, ...args], { stdio: ["ignore", "pipe", "pipe"] });
}
