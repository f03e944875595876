import { readdirSync, readFileSync } from "node:fs";

/** Until every thread of a process has stopped: a signal is under way for a moment. */
export async function allStopped(pid: number | undefined): Promise<void> {
  const tasks = `/proc/${pid}/task`;
  const isStopped = (task: string) => /^State:\s+T/m.test(readFileSync(`${tasks}/${task}/status`, "utf8"));
  while (!readdirSync(tasks).every(isStopped)) await new Promise((resolve) => setImmediate(resolve));
}
