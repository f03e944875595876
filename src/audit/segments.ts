import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileError } from "../files/file-error.js";

/** One file of a log. */
export interface Segment {
  /** From 1, without a gap. */
  readonly number: number;
  readonly path: string;
}

export function segmentPath(directory: string, number: number): string {
  return join(directory, `audit-${String(number).padStart(8, "0")}.jsonl`);
}

/** The segments that are there, in their order. */
export async function listSegments(directory: string): Promise<Segment[]> {
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (error) {
    throw fileError("read", directory, error);
  }
  const numbers = names.flatMap((name) => /^audit-(?!0{8})(\d{8})\.jsonl$/.exec(name)?.[1] ?? []).map(Number);
  return numbers.sort((a, b) => a - b).map((number) => ({ number, path: segmentPath(directory, number) }));
}
