import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";

/** What the numbers depend on. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  readonly openssl: string;
  /** Of the packages that are measured. */
  readonly versions: Readonly<Record<string, string>>;
  /** Of pinwire; with "+" when files were changed since. */
  readonly commit: string;
  readonly date: string;
  /** Processes that wanted to run in the minute before; other than zero, somebody else was there too. */
  readonly load: number;
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${process.arch} ${release()}`,
    node: process.version,
    openssl: process.versions.openssl,
    versions: Object.fromEntries(["@grpc/grpc-js", "@bufbuild/protobuf"].map((name) => [name, versionOf(name)])),
    commit: commit(),
    date: new Date().toISOString(),
    load: loadavg()[0] ?? 0,
  };
}

function versionOf(name: string): string {
  // From dist/bench/, as from bench/, the packages are found in a directory above.
  for (const up of ["..", "../.."]) {
    try {
      const path = new URL(`${up}/node_modules/${name}/package.json`, import.meta.url);
      return (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
    } catch {}
  }
  return "unknown";
}

function commit(): string {
  try {
    const changed = git("status", "--porcelain", "--untracked-files=no") !== "";
    return `${git("rev-parse", "--short", "HEAD")}${changed ? "+" : ""}`;
  } catch {
    return "unknown";
  }
}

function git(...args: string[]): string {
  return execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
}
