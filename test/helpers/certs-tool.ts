import { type SpawnOptions, spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { createLocalCa } from "../../src/ca/create-local-ca.js";
import { issueCredentials } from "../../src/ca/issue-credentials.js";
import { pinPeers } from "../../src/credentials/pin-peers.js";
import { built } from "./built.js";
import { toGlobalSink } from "./global-sink.js";
import { tempDirectory } from "./temp-directory.js";

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Workplace {
  readonly directory: string;
  /** Runs the built certs-tool there, with the words of a command line; a space separates them. */
  run(line: string, options?: RunOptions): Promise<Run>;
  /** As `run`, but anything but success fails the test. Returns stdout. */
  ok(line: string, options?: RunOptions): Promise<string>;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Octal. */
  readonly umask?: string;
  /** A program and arguments to run it under. */
  readonly under?: readonly string[];
}

/** A temporary directory as the working directory of certs-tool. */
export function workplace(): Workplace {
  const directory = tempDirectory();
  const run: Workplace["run"] = (line, options = {}) => {
    return execute([...(options.under ?? []), process.execPath, built("certs-tool/main.js"), ...words(line)], {
      cwd: directory,
      umask: options.umask,
      env: { ...process.env, PINWIRE_CA_PASSPHRASE: undefined, ...options.env },
    });
  };
  const ok: Workplace["ok"] = async (line, options) => {
    const { code, stdout, stderr } = await run(line, options);
    if (code !== 0 || stderr !== "") throw new Error(`certs-tool ${line}: exit code ${code}\n${stderr}`);
    return stdout;
  };
  return { directory, run, ok };
}

/**
 * A workplace with a CA in `ca` and, in `certs/cli` and `certs/greeter`, two identities that know each other. Made by the
 * library, which is faster than four processes.
 */
export async function furnishedWorkplace(): Promise<Workplace> {
  const place = workplace();
  const [cli, greeter] = ["cli", "greeter"].map((name) => join(place.directory, "certs", name)) as [string, string];
  const ca = await createLocalCa(join(place.directory, "ca"), { trustDomain: "local.test" });
  await issueCredentials(ca, "spiffe://local.test/cli", cli);
  await issueCredentials(ca, "spiffe://local.test/greeter", greeter);
  await pinPeers([cli, greeter]);
  return place;
}

function words(line: string): string[] {
  return line.split(" ").filter((word) => word !== "");
}

/** The umask of a child can only be set by the child, so a shell does it. */
async function execute(
  command: readonly string[],
  { umask = "022", ...options }: SpawnOptions & { umask?: string | undefined },
): Promise<Run> {
  const child = spawn("sh", ["-c", 'umask "$0"; exec "$@"', umask, ...command], { ...options, stdio: "pipe" });
  const closed = new Promise<number | null>((resolve) => child.on("close", resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  toGlobalSink("standard error of certs-tool", stderr);
  return { code, stdout, stderr };
}
