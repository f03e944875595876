import { createRequire } from "node:module";

/** The version of pinwire that runs. */
export function version(): string {
  return createRequire(import.meta.url)("pinwire/package.json").version;
}
