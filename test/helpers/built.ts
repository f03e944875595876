import { join, resolve } from "node:path";

const dist = process.env.PINWIRE_DIST ?? join(import.meta.dirname, "..", "..", "dist");

/** The path of a built file, for tests that run the real thing as a process. `npm test` builds before it tests. */
export function built(file: string): string {
  return resolve(dist, file);
}
