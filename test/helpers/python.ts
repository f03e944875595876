import { spawnSync } from "node:child_process";

/** Debian's own interpreter: the one its python3-* packages are for. */
export const python = "/usr/bin/python3";

/** Whether Debian's python3-grpcio is there. */
export function hasPythonGrpc(): boolean {
  return spawnSync(python, ["-c", "import grpc"]).status === 0;
}
