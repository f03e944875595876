import type { KeyObject } from "node:crypto";
import { beginning, type Position } from "./audit-record.js";
import { isSigned } from "./checkpoint.js";
import { keyId } from "./checkpoint-key.js";
import { type AuditRecord, parseRecord } from "./parse-record.js";

/** Why a log is not what was written; the words of docs/audit-format.md, "Verification". */
export type ChainFault =
  | "malformed"
  | "torn"
  | "too long"
  | "not ASCII"
  | "out of order"
  | "chain broken"
  | "other log"
  | "other key"
  | "wrong epoch"
  | "wrong segment"
  | "bad signature"
  | "missing segment"
  | "missing beginning"
  | "missing end"
  | "anchor differs";

/** Follows a log record by record. One for each verification. */
export class AuditChain {
  readonly #publicKey: KeyObject;
  readonly #keyId: string;
  #position: Position | undefined;
  /** Where a log begins whose first segments were removed; settled by the record that says so. */
  #unexplained: Position | undefined;
  #explained = false;
  #log: string | undefined;
  #epoch = 0;
  #checkpoint = 0;

  constructor(publicKey: KeyObject) {
    this.#publicKey = publicKey;
    this.#keyId = keyId(publicKey);
  }

  get log(): string | undefined {
    return this.#log;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Where the next record would go. */
  get position(): Position {
    return this.#position ?? beginning;
  }

  /** Records after the last checkpoint: in the chain, but signed by nothing yet. */
  get unsigned(): number {
    return this.position.seq - 1 - this.#checkpoint;
  }

  /** Whether the log begins after its beginning, and nothing in it explains that. */
  get lacksBeginning(): boolean {
    return this.#unexplained !== undefined;
  }

  /** The fault of a line, or the record it holds. `first`: it is the first of its segment. */
  follow(line: string, segment: number, first: boolean): AuditRecord | ChainFault {
    const record = parseRecord(line);
    if (record === undefined || !mayBegin(record, segment)) return "malformed";
    if (this.#position === undefined) this.#begin(record, segment);
    if (record.seq !== this.position.seq) return "out of order";
    if (record.prev !== this.position.prev) return "chain broken";
    const fault = this.#check(record, segment, first);
    if (fault !== undefined) return fault;
    this.#position = { seq: record.seq + 1, prev: record.hash };
    return record;
  }

  /** The first segments may have been removed in good order; where the first is there, the log begins with it. */
  #begin({ seq, prev }: AuditRecord, segment: number): void {
    this.#position = segment === 1 ? beginning : { seq, prev };
    if (segment > 1) this.#unexplained = this.#position;
  }

  #check(record: AuditRecord, segment: number, first: boolean): ChainFault | undefined {
    const { type, log } = record;
    if (first !== (record.seq === beginning.seq || type === "segment")) return "wrong segment";
    if (type === "segment" && record.segment !== segment) return "wrong segment";
    if (type === "prune") return this.#followPrune(record);
    if (type !== "segment" && type !== "open" && type !== "checkpoint") return undefined;
    this.#log ??= String(log);
    if (log !== this.#log) return "other log";
    if (type === "segment") return this.#followEpoch(record, this.#epoch);
    if (record.key !== this.#keyId) return "other key";
    return type === "open" ? this.#followEpoch(record, this.#epoch + 1) : this.#followCheckpoint(record);
  }

  #followEpoch({ epoch }: AuditRecord, expected: number): ChainFault | undefined {
    // A log whose first segments were removed begins in a later epoch.
    if (this.#epoch > 0 && epoch !== expected) return "wrong epoch";
    if (this.#epoch === 0 && this.#unexplained === undefined && epoch !== 1) return "wrong epoch";
    this.#epoch = Number(epoch);
    return undefined;
  }

  #followCheckpoint({ epoch, seq, prev, time, sig }: AuditRecord): ChainFault | undefined {
    if (epoch !== this.#epoch) return "wrong epoch";
    const statement = { log: String(this.#log), epoch: this.#epoch, seq, prev, time };
    if (!isSigned(statement, String(sig), this.#publicKey)) return "bad signature";
    this.#checkpoint = seq;
    // What is said about the beginning counts when it is signed.
    if (this.#explained) this.#unexplained = undefined;
    return undefined;
  }

  #followPrune({ firstSeq, firstPrev }: AuditRecord): undefined {
    const begin = this.#unexplained;
    if (begin !== undefined && begin.seq === firstSeq && begin.prev === firstPrev) this.#explained = true;
  }
}

/** The first record of a log is one like no other. */
function mayBegin({ seq, type, prev }: AuditRecord, segment: number): boolean {
  return seq !== beginning.seq || (type === "open" && prev === beginning.prev && segment === 1);
}
