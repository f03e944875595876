import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { GreeterPair } from "./greeter-pair.js";
import { tempDirectory } from "./temp-directory.js";

/** Debian's own interpreter: the one its python3-* packages are for. */
export const python = "/usr/bin/python3";

/** Whether Debian's python3-grpcio is there. */
export function hasPythonGrpc(): boolean {
  return spawnSync(python, ["-c", "import grpc"]).status === 0;
}

/** Runs a script, and what it prints as JSON. */
export async function runPython(script: string, args: readonly string[]): Promise<Record<string, unknown>> {
  const child = spawn(python, [script, ...args]);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => (stdout += chunk));
  child.stderr.on("data", (chunk) => (stderr += chunk));
  const [status] = await once(child, "close");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return JSON.parse(stdout);
}

/** The paths of three files that gRPC's C core wants: the certificate of the CA, that of an identity, its key. */
export function pemFiles({ world }: GreeterPair, id: string): string[] {
  const dir = tempDirectory();
  const { pem, keyPem } = world.leaf(id);
  const files = { "ca.pem": world.ca.pem, "cert.pem": pem, "key.pem": keyPem };
  return Object.entries(files).map(([name, text]) => {
    writeFileSync(join(dir, name), text, { mode: 0o600 });
    return join(dir, name);
  });
}
