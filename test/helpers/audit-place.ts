import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { AuditLog } from "../../src/audit/audit-log.js";
import { type OpenAuditLogOptions, openAuditLog } from "../../src/audit/open-audit-log.js";
import { type AuditReport, verifyAuditLog } from "../../src/audit/verify-audit-log.js";
import { toGlobalSink } from "./global-sink.js";
import { tempDirectory } from "./temp-directory.js";

/** Where a test keeps an audit log, its key and its anchor. */
export class AuditPlace {
  readonly base = tempDirectory();
  readonly directory = join(this.base, "log");
  readonly keyFile = join(this.base, "checkpoint.pem");
  readonly anchorFile = join(this.base, "anchor.json");

  constructor() {
    // Before the directory goes.
    onTestFinished(() => {
      if (!existsSync(this.directory)) return;
      for (const segment of this.segments) toGlobalSink("an audit log", readFileSync(segment, "latin1"));
    });
  }

  /** Closes with the test. */
  async open(options: Partial<OpenAuditLogOptions> = {}): Promise<AuditLog> {
    const { directory, keyFile, anchorFile } = this;
    const log = await openAuditLog({ directory, keyFile, anchorFile, ...options });
    onTestFinished(() => log.close());
    return log;
  }

  verify(): Promise<AuditReport> {
    return verifyAuditLog(this.directory, { keyFile: this.keyFile, anchorFile: this.anchorFile });
  }

  get segments(): string[] {
    return readdirSync(this.directory)
      .filter((name) => name.endsWith(".jsonl"))
      .sort()
      .map((name) => join(this.directory, name));
  }

  /** The records of all segments. */
  get records(): Record<string, unknown>[] {
    return this.segments.flatMap((path) =>
      readFileSync(path, "latin1")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    );
  }

  /** Rewrites the bytes of a segment; the last if none is named. */
  tamper(change: (bytes: Buffer) => Uint8Array, segment = this.segments.at(-1) ?? ""): void {
    writeFileSync(segment, change(readFileSync(segment)));
  }
}
