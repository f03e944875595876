import { createRequire } from "node:module";

/** Of pinwire. By its own name, so that it is found wherever the package was built to; undefined in a bundle that has it not. */
export function libraryVersion(): string | undefined {
  try {
    return createRequire(import.meta.url)("pinwire/package.json").version;
  } catch {
    return undefined;
  }
}
