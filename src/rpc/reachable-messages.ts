import type { DescMessage } from "@bufbuild/protobuf";

/** The messages that these can hold at any depth, themselves included. Each once, so a schema of any shape costs what it is long. */
export function* reachableMessages(...roots: readonly DescMessage[]): Generator<DescMessage> {
  const seen = new Set(roots);
  for (const message of seen) {
    yield message;
    for (const field of message.fields) if (field.message !== undefined) seen.add(field.message);
  }
}
