import { spawnSync } from "node:child_process";

/** Debian's `nobody`. */
export const nobody = 65_534;

/** Root passes every permission check, so tests of permissions have to become somebody else, which only root can do. */
export const canChangeUser = process.getuid?.() === 0;

/** Runs `action` in this process as another user. Test files have a process each, so nobody else is affected. */
export async function asUser<T>(uid: number, action: () => Promise<T>): Promise<T> {
  const groups = process.getgroups?.() ?? [];
  process.setgroups?.([]);
  process.setegid?.(uid);
  process.seteuid?.(uid);
  try {
    return await action();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
    process.setgroups?.(groups);
  }
}

/** Runs `action` under a umask. */
export async function withUmask<T>(mask: number, action: () => Promise<T>): Promise<T> {
  const previous = process.umask(mask);
  try {
    return await action();
  } finally {
    process.umask(previous);
  }
}

/** Runs a program as `nobody`; true when it exits with 0. */
export function succeedsAsNobody(command: string, ...args: string[]): boolean {
  const drop = [`--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups", command, ...args];
  return spawnSync("setpriv", drop).status === 0;
}
