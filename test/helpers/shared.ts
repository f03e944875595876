import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The path of a file of test vectors that lie beside the project, not in it; undefined when they are not there. */
export function sharedVectors(name: string): string | undefined {
  const path = fileURLToPath(new URL(`../../../shared/vectors/${name}`, import.meta.url));
  return existsSync(path) ? path : undefined;
}
