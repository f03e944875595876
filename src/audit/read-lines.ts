import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { fileError } from "../files/file-error.js";
import { maxLineBytes } from "./audit-record.js";

export interface Line {
  /** Without the line feed. */
  readonly text: string;
  /** Where it begins in the file. */
  readonly at: number;
  readonly fault?: "torn" | "too long" | "not ASCII";
}

const blockBytes = 1024 * 1024;

/**
 * The lines of a file from a byte on where one begins, a block at a time. A line with a fault is the last. Constant memory,
 * whatever the file holds.
 */
export async function* readLines(path: string, from = 0): AsyncGenerator<Line> {
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  try {
    await using handle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const block = Buffer.allocUnsafe(blockBytes + maxLineBytes);
    let kept = 0;
    let at = from;
    for (;;) {
      const { bytesRead } = await handle.read(block, kept, blockBytes, at + kept);
      const end = kept + bytesRead;
      let start = 0;
      for (let feed = block.indexOf(0x0a); feed >= 0 && feed < end; feed = block.indexOf(0x0a, start)) {
        const line = lineOf(block.subarray(start, feed), at);
        yield line;
        if (line.fault !== undefined) return;
        at += feed + 1 - start;
        start = feed + 1;
      }
      kept = end - start;
      if (kept > maxLineBytes) return yield { text: "", at, fault: "too long" };
      block.copyWithin(0, start, end);
      if (bytesRead === 0) {
        if (kept > 0) yield { text: block.toString("latin1", 0, kept), at, fault: "torn" };
        return;
      }
    }
  } catch (error) {
    throw fileError("read", path, error);
  }
}

function lineOf(bytes: Buffer, at: number): Line {
  if (bytes.length > maxLineBytes) return { text: "", at, fault: "too long" };
  const text = bytes.toString("latin1");
  return /^[ -~]*$/.test(text) ? { text, at } : { text: "", at, fault: "not ASCII" };
}
