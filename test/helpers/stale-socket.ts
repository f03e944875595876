import { spawnSync } from "node:child_process";

/** Leaves a socket file at `path` whose server was killed: what is there after a crash. */
export function staleSocket(path: string): string {
  const script = "require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))";
  spawnSync(process.execPath, ["-e", script, path]);
  return path;
}
