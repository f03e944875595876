import type { Metadata } from "../metadata.js";
import { rememberedBytes } from "./frame.js";
import { decodeMetadata, encodeMetadata } from "./metadata-block.js";
import { ProtocolViolation } from "./violation.js";

/** What OPEN carries for the metadata of a call. */
export interface Sent {
  readonly metadata: Buffer | undefined;
  readonly sameMetadata: boolean;
}

const nothing: Sent = { metadata: undefined, sameMetadata: false };
const same: Sent = { metadata: undefined, sameMetadata: true };

/**
 * The client's half: metadata that is the same as before, a token for the most part, is not sent again. Metadata with bytes is
 * not remembered: whoever holds them may change them in place, and it would look the same.
 */
export class SentMetadata {
  #last: Metadata | undefined;

  /** Not sent yet; once it is, {@link remember} has to be called. */
  encode(metadata: Metadata): Sent {
    if (metadata.size === 0) return nothing;
    if (this.#last?.equals(metadata)) return same;
    return { metadata: encodeMetadata(metadata), sameMetadata: false };
  }

  remember(metadata: Metadata, { metadata: block }: Sent): void {
    if (block !== undefined && block.length >= rememberedBytes && !metadata.holdsBytes) this.#last = metadata.clone();
  }
}

/** The server's half. */
export class ReceivedMetadata {
  #last: Metadata | undefined;

  /** @throws ProtocolViolation METADATA_TOO_LARGE, BAD_METADATA */
  decode({ metadata: block, sameMetadata }: Sent, maxBytes: number): Metadata | undefined {
    if (sameMetadata) return this.#repeat();
    if (block === undefined) return undefined;
    let hasBytes = false;
    const metadata = decodeMetadata(block, maxBytes, (key) => {
      hasBytes ||= key.endsWith("-bin");
    });
    // What a call does to its metadata is its own business; and to say "the same" costs a peer a few bytes, so it has to
    // cost us no more, however much it stands for.
    if (block.length >= rememberedBytes && !hasBytes) this.#last = metadata.clone();
    return metadata;
  }

  #repeat(): Metadata {
    if (this.#last !== undefined) return this.#last.clone();
    throw new ProtocolViolation("BAD_METADATA", "metadata is to be the same as before, and there was none");
  }
}
