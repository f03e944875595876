import type { KeyObject } from "node:crypto";
import { UsageError } from "../errors.js";
import { type Anchor, anchoredKey, readAnchor } from "./anchor.js";
import { AuditChain, type ChainFault } from "./audit-chain.js";
import { readCheckpointPublicKey } from "./checkpoint-key.js";
import type { AuditRecord } from "./parse-record.js";
import { readLines } from "./read-lines.js";
import { listSegments, type Segment } from "./segments.js";

export interface VerifyAuditOptions {
  /** The file of the checkpoint key, either half of it. Without it, the key that the anchor names. */
  readonly keyFile?: string;
  /** The newest checkpoint, from its second place. Without it nobody can tell whether the end was cut off. */
  readonly anchorFile?: string;
  /** Shown each record as it is verified. */
  readonly onRecord?: (record: AuditRecord) => void;
}

export interface AuditReport {
  readonly ok: boolean;
  /** Why not, and where. */
  readonly fault?: {
    readonly reason: ChainFault;
    readonly segment: number;
    /** Of the first bad record: the one that should have come there. */
    readonly seq: number;
    readonly line: number;
  };
  readonly records: number;
  readonly segments: number;
  /** The sequence numbers it holds; the first is more than 1 when old segments were removed in good order. */
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly epochs: number;
  /** Records after the last checkpoint: their order is proven, but not who wrote them. 0 for a log that was closed. */
  readonly unsigned: number;
  /** Whether an anchor was compared. */
  readonly anchored: boolean;
}

/**
 * Reads a whole log and proves it: each hash, the order, each signature, the segments, the epochs, the anchor. Memory does
 * not grow with the log. docs/audit-format.md, "Verification".
 *
 * @throws UsageError ERR_INVALID_OPTION without a key and an anchor: who can change a log can also change the key it names
 * @throws ConfigError ERR_FILE_MISSING, ERR_FILE_UNREADABLE, ERR_FILE_NOT_PRIVATE, ERR_FILE_MALFORMED, ERR_KEY_UNSUPPORTED
 */
export async function verifyAuditLog(directory: string, options: VerifyAuditOptions): Promise<AuditReport> {
  const anchor = options.anchorFile === undefined ? undefined : await readAnchor(options.anchorFile);
  const chain = new AuditChain(await trustedKey(options.keyFile, anchor));
  return new Verification(chain, anchor, options.onRecord).run(await listSegments(directory));
}

async function trustedKey(keyFile: string | undefined, anchor: Anchor | undefined): Promise<KeyObject> {
  if (keyFile !== undefined) return readCheckpointPublicKey(keyFile);
  if (anchor === undefined) throw new UsageError("ERR_INVALID_OPTION", "give the checkpoint key, the anchor, or both");
  return anchoredKey(anchor);
}

class Verification {
  readonly #chain: AuditChain;
  readonly #anchor: Anchor | undefined;
  readonly #onRecord: ((record: AuditRecord) => void) | undefined;
  #records = 0;
  #segments = 0;
  #firstSeq = 0;
  #lastSeq = 0;
  #anchorSeen = false;
  #line = 0;
  #segment = 0;

  constructor(chain: AuditChain, anchor: Anchor | undefined, onRecord: VerifyAuditOptions["onRecord"]) {
    this.#chain = chain;
    this.#anchor = anchor;
    this.#onRecord = onRecord;
  }

  async run(segments: readonly Segment[]): Promise<AuditReport> {
    for (const segment of segments) {
      const fault = await this.#readSegment(segment);
      if (fault !== undefined) return this.#report(fault);
    }
    return this.#report(this.#atTheEnd());
  }

  async #readSegment({ number, path }: Segment): Promise<ChainFault | undefined> {
    if (this.#segments > 0 && number !== this.#segment + 1) return "missing segment";
    this.#segments += 1;
    this.#segment = number;
    this.#line = 0;
    for await (const { text, fault } of readLines(path)) {
      this.#line += 1;
      if (fault !== undefined) return fault;
      const record = this.#chain.follow(text, number, this.#line === 1);
      if (typeof record === "string") return record;
      this.#count(record);
      if (!this.#matchesAnchor(record)) return "anchor differs";
      this.#onRecord?.(record);
    }
    // A segment is made together with its first record.
    return this.#line === 0 ? "malformed" : undefined;
  }

  #count({ seq }: AuditRecord): void {
    this.#records += 1;
    this.#firstSeq ||= seq;
    this.#lastSeq = seq;
  }

  #matchesAnchor({ seq, hash }: AuditRecord): boolean {
    const anchor = this.#anchor;
    if (anchor === undefined) return true;
    if ((this.#chain.log ?? anchor.log) !== anchor.log) return false;
    if (seq !== anchor.seq) return true;
    this.#anchorSeen = true;
    return hash === anchor.hash && this.#chain.epoch === anchor.epoch;
  }

  #atTheEnd(): ChainFault | undefined {
    if (this.#records === 0) return "missing beginning";
    if (this.#chain.lacksBeginning) return "missing beginning";
    return this.#anchor === undefined || this.#anchorSeen ? undefined : "missing end";
  }

  #report(reason: ChainFault | undefined): AuditReport {
    const place = { segment: this.#segment, seq: this.#chain.position.seq, line: this.#line };
    return {
      ok: reason === undefined,
      ...(reason === undefined ? {} : { fault: { reason, ...place } }),
      records: this.#records,
      segments: this.#segments,
      firstSeq: this.#firstSeq,
      lastSeq: this.#lastSeq,
      epochs: this.#chain.epoch,
      unsigned: this.#chain.unsigned,
      anchored: this.#anchor !== undefined,
    };
  }
}
