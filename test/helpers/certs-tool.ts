import { type SpawnOptions, spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { built } from "./built.js";
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

/** A workplace with a CA in `ca` and, in `certs/cli` and `certs/greeter`, two identities that know each other. */
export async function furnishedWorkplace(): Promise<Workplace> {
  const place = workplace();
  await place.ok("init --ca ca --trust-domain local.test");
  await place.ok("issue spiffe://local.test/cli --ca ca --out certs/cli");
  await place.ok("issue spiffe://local.test/greeter --ca ca --out certs/greeter");
  await place.ok("pin certs/cli certs/greeter");
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
  return { code, stdout, stderr };
}
