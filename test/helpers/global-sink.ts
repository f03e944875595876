import { appendFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Keeps for the end of the whole run what programs of the suite have logged or written; test/global-net.ts looks through it.
 * Does nothing where nobody asked for it.
 */
export function toGlobalSink(where: string, what: unknown): void {
  const directory = process.env.PINWIRE_TEST_SINK;
  if (directory === undefined || directory === "") return;
  appendFileSync(join(directory, `${process.pid}.jsonl`), `${JSON.stringify([where, what], plain)}\n`);
}

function plain(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
