/**
 * Whether owner and mode of a file mean anything here. On Windows they do not: what `stat` reports is made up by libuv,
 * and access is ruled by the ACL that a new file inherits from its directory. Every check of owners and modes asks this
 * first; nothing else in the project looks at the platform for that reason.
 */
export const modesApply = process.platform !== "win32";

/** The user whose rights this process has. 0 on Windows, where nothing compares it. */
export function effectiveUid(): number {
  return process.geteuid?.() ?? 0;
}

/** The permission bits as people write them, for example `0644`. */
export function formatMode(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}

/** A path as it has to be typed into a shell, for hints that are commands. */
export function shellWord(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
