import { readFileSync } from "node:fs";
import { open } from "node:fs/promises";

/** Makes the file of a contender. That its process lives is all that keeps it. */
export async function takePosix(file: string): Promise<AsyncDisposable> {
  await (await open(file, "wx", 0o600)).close();
  return { [Symbol.asyncDispose]: async () => {} };
}

/** Whether the process that made the file still runs. */
export async function isHeldPosix({ pid, start }: { readonly pid: number; readonly start: string }): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  // The pid may have been given to another process since; on Linux its start time tells.
  const now = startOf(pid);
  return now === start || now === unknownStart || start === unknownStart;
}

/** When this process started, as {@link isHeldPosix} compares it. */
export function ownStart(): string {
  return startOf(process.pid);
}

const unknownStart = "0";

/** When a process started, in clock ticks since boot, where the system says so (proc(5), stat, field 22). */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name in parentheses and may hold spaces.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // A zombie has ended; nobody has collected it yet.
    return fields[0] === "Z" ? "zombie" : (fields[19] ?? unknownStart);
  } catch {
    return unknownStart;
  }
}
