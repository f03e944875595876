import { performance } from "node:perf_hooks";
import { type ErrorCode, isCodedError, PeerError } from "../errors.js";
import type { Logger } from "../interceptors/logger.js";
import { scrubText } from "../interceptors/scrub.js";
import type { ServerObserver } from "../interceptors/server-observer.js";
import { CallRefused } from "../rpc/call-refused.js";
import type { MethodContract } from "../rpc/method-contract.js";
import { failureOf } from "../rpc/outcome.js";
import type { AuditBegin, ServerCall } from "../rpc/server-call.js";
import type { ServerStage } from "../rpc/server-method.js";
import { Status, statusName } from "../status.js";
import type { SecureConnection } from "../transport/secure-connection.js";
import type { ConnectionRefusal } from "../transport/secure-listener.js";
import type { AuditLog } from "./audit-log.js";
import { type AuditFields, fieldsText, recordText } from "./audit-record.js";
import { CallTexts } from "./call-texts.js";
import { DenialLimit } from "./denial-limit.js";

export type AuditLevel = "none" | "denials" | "all";

/**
 * What a server writes to its audit log. A method of level `all` does not run before a record says so, and each such call
 * gets exactly one record of its end; refusals get one record each, as far as {@link DenialLimit} lets them.
 */
export class ServerAudit implements AsyncDisposable {
  readonly #log: AuditLog;
  readonly #defaultLevel: AuditLevel;
  readonly #denials: DenialLimit;
  /** Calls that have ended and have no record of it on its way yet: that of their begin is still being written. */
  #ending = 0;
  #whenEnded: (() => void) | undefined;
  #closing = false;
  readonly #reports: Disposable;
  readonly #use: Disposable;
  readonly #texts = new CallTexts();

  /** @throws ConfigError ERR_AUDIT_UNAVAILABLE when the log is closed */
  constructor(log: AuditLog, defaultLevel: AuditLevel, logger: Logger, refusalsPerMinute?: number) {
    this.#log = log;
    this.#use = log.use();
    this.#defaultLevel = defaultLevel;
    this.#denials = new DenialLimit((fields) => this.#appendCount(fields), refusalsPerMinute);
    this.#reports = log.onProblem((error) => {
      const code = isCodedError(error) ? error.code : undefined;
      logger.error({ event: "audit problem", code, reason: error.message }, "the audit log has a problem");
    });
  }

  /** Goes just before the handler of a method of level `all`. */
  admission(contract: MethodContract | undefined): ServerStage[] {
    return this.#levelOf(contract) === "all" ? [(call, next) => this.#begin(call, next)] : [];
  }

  /** How calls end. Not a stage of its own: the telemetry sees the end of every call, and a stage costs each a promise. */
  readonly ends: ServerObserver = {
    callEnded: (call, status, code) => {
      if (call.auditBegin !== undefined) this.#end(call, call.auditBegin, status, code);
    },
    callDenied: (call, refusal) => {
      if (call.auditBegin === undefined && this.#levelOf(call.route.contract) !== "none") this.#refused(call, refusal);
    },
  };

  #levelOf(contract: MethodContract | undefined): AuditLevel {
    return contract?.audit ?? this.#defaultLevel;
  }

  refusedConnection({ reason, reference, counts }: ConnectionRefusal): void {
    if (counts !== undefined) {
      for (const [code, count] of counts) this.#denials.count(code, count);
      return;
    }
    if (!this.#denials.admit(reason.code)) return;
    const { peerId, pin } = reason instanceof PeerError ? reason.facts : {};
    this.#append({ type: "connection.refused", code: reason.code, reference, peer: cut(peerId), pin });
  }

  violation(connection: SecureConnection, violation: string, code: ErrorCode = "ERR_PROTOCOL_VIOLATION"): void {
    const { id, peer, protocol } = connection;
    if (!this.#denials.admit(`violation ${peer.id}`)) return;
    const who = { peer: peer.id.toString(), pin: peer.pin.toString(), connection: id, protocol };
    this.#append({ type: "connection.violation", code, violation: scrubText(violation.slice(0, 256)), ...who });
  }

  /** Writes what is counted but not yet written; then the ends of all calls have their place before the end of the log. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    this.#denials.flush();
    if (this.#ending > 0) {
      await new Promise<void>((resolve) => {
        this.#whenEnded = resolve;
      });
    }
    this.#reports[Symbol.dispose]();
    this.#use[Symbol.dispose]();
  }

  /** Runs the call when its record is in the file. */
  #begin(call: ServerCall, next: () => Promise<void>): Promise<void> {
    let record: AuditBegin;
    try {
      record = this.#log.add(`"type":"call.begin",${this.#texts.whole(call)}`);
    } catch (cause) {
      throw notRecorded(cause);
    }
    call.auditBegin = record;
    return record.written.then(next, (cause) => {
      call.auditBegin = undefined;
      throw notRecorded(cause);
    });
  }

  #end(call: ServerCall, begin: AuditBegin, status: Status, code: ErrorCode | undefined): void {
    const outcome = status === Status.OK ? ok : outcomeText(call, status, code);
    const durationMs = Math.round((performance.now() - call.startedAt) * 1000) / 1000;
    const rest = `${this.#texts.short(call)},${outcome},"durationMs":${durationMs}`;
    if (begin.seq !== undefined) this.#write(`"type":"call.end","begin":${begin.seq},${rest}`);
    else this.#endLater(begin, rest);
  }

  /** It ended while the record of its begin was being written. Without a begin in the log there is nothing to end. */
  #endLater(begin: AuditBegin, rest: string): void {
    this.#ending += 1;
    begin.written.then(
      () => {
        this.#write(`"type":"call.end","begin":${begin.seq},${rest}`);
        this.#ended();
      },
      () => this.#ended(),
    );
  }

  #ended(): void {
    this.#ending -= 1;
    if (this.#ending === 0) this.#whenEnded?.();
  }

  #refused(call: ServerCall, refusal: CallRefused): void {
    if (!this.#denials.admit(call.peer.id.toString())) return;
    const { code, outcome } = failureOf(refusal, () => call.reference);
    this.#write(`"type":"call.refused",${this.#texts.whole(call)},${outcomeText(call, outcome.status, code)}`);
  }

  /** Not while the log cannot be written: one record would be missing, says the gap then, and be a thousand refusals. */
  #appendCount(fields: AuditFields): boolean {
    if (this.#log.failing && !this.#closing) return false;
    this.#append(fields);
    return true;
  }

  #append(fields: AuditFields): void {
    this.#write(recordText(fields));
  }

  /** For records that nobody waits for: one that cannot be written is counted by the log. */
  #write(text: string): void {
    try {
      this.#log.add(text);
    } catch {
      // See above.
    }
  }
}

const ok = fieldsText({ status: statusName(Status.OK) });

function notRecorded(cause: unknown): CallRefused {
  return new CallRefused("ERR_AUDIT_UNAVAILABLE", Status.UNAVAILABLE, "temporarily unavailable", { cause });
}

function outcomeText(call: ServerCall, status: Status, code: ErrorCode | undefined): string {
  return fieldsText({ status: statusName(status), code, reference: call.hasReference ? call.reference : undefined });
}

/** A peer may call itself anything. */
function cut(text: string | undefined): string | undefined {
  return text?.slice(0, 256);
}
