import { readFile } from "node:fs/promises";
import { effectiveUid } from "./file-modes.js";

/**
 * Whether a group has no member but us and root. Distributions that give each user a group of the same name also set the
 * umask to 002, so that directories are group-writable as a matter of course, which harms nobody. sshd in Debian judges
 * by the same test (user-group-modes.patch). A group that is not in the local files counts as shared.
 */
export async function isOwnGroup(gid: number): Promise<boolean> {
  try {
    const users = (await entries("/etc/passwd")).map(([name, , uid, group]) => ({ name, uid, group: Number(group) }));
    const ours = users.filter(({ uid }) => uid === String(effectiveUid()) || uid === "0").map(({ name }) => name);
    const group = (await entries("/etc/group")).find(([, , id]) => id === String(gid));
    if (group === undefined) return false;
    const listed = (group[3] ?? "").split(",").filter((name) => name !== "");
    const primary = users.filter((user) => user.group === gid).map(({ name }) => name);
    return [...listed, ...primary].every((name) => ours.includes(name));
  } catch {
    return false;
  }
}

async function entries(path: string): Promise<string[][]> {
  return (await readFile(path, "utf8")).split("\n").map((line) => line.split(":"));
}
