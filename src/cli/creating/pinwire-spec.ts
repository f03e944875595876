import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/**
 * What a new project writes to depend on the pinwire that makes it: its version, or, when that was installed from a file, the
 * file, as nobody knows whether the registry has the same.
 *
 * @param root the directory of the running package
 */
export function pinwireSpec(root: string, version: string): string {
  const modules = dirname(root);
  const resolved = resolvedFrom(join(modules, ".package-lock.json"));
  return resolved?.startsWith("file:") && resolved.endsWith(".tgz")
    ? `file:${resolve(dirname(modules), resolved.slice("file:".length))}`
    : `^${version}`;
}

/** npm notes in node_modules where each package came from. */
function resolvedFrom(lockFile: string): string | undefined {
  try {
    const { packages } = JSON.parse(readFileSync(lockFile, "utf8"));
    const resolved: unknown = packages?.["node_modules/pinwire"]?.resolved;
    return typeof resolved === "string" ? resolved : undefined;
  } catch {
    // Not installed by npm: a checkout, another package manager.
    return undefined;
  }
}
