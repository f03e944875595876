import { performance } from "node:perf_hooks";
import { type ErrorCode, isCodedError, PeerError } from "../errors.js";
import type { Logger } from "../interceptors/logger.js";
import { CallRefused } from "../rpc/call-refused.js";
import type { MethodContract } from "../rpc/method-contract.js";
import { failureOf } from "../rpc/outcome.js";
import type { ServerCall } from "../rpc/server-call.js";
import type { ServerStage } from "../rpc/server-method.js";
import { Status, statusName } from "../status.js";
import type { SecureConnection } from "../transport/secure-connection.js";
import type { ConnectionRefusal } from "../transport/secure-listener.js";
import type { AuditLog } from "./audit-log.js";
import type { AuditFields } from "./audit-record.js";
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
  readonly #reports: Disposable;
  readonly #use: Disposable;

  /** @throws ConfigError ERR_AUDIT_UNAVAILABLE when the log is closed */
  constructor(log: AuditLog, defaultLevel: AuditLevel, logger: Logger, refusalsPerMinute?: number) {
    this.#log = log;
    this.#use = log.use();
    this.#defaultLevel = defaultLevel;
    this.#denials = new DenialLimit((fields) => this.#append(fields), refusalsPerMinute);
    this.#reports = log.onProblem((error) => {
      const code = isCodedError(error) ? error.code : undefined;
      logger.error({ event: "audit problem", code, reason: error.message }, "the audit log has a problem");
    });
  }

  /** What a method needs, made once: `outcome` goes outermost but for the telemetry, `admission` just before the handler. */
  stagesOf(contract: MethodContract | undefined): { outcome: ServerStage[]; admission: ServerStage[] } {
    switch (contract?.audit ?? this.#defaultLevel) {
      case "none":
        return { outcome: [], admission: [] };
      case "denials":
        return { outcome: [(call, next) => this.#followDenials(call, next)], admission: [] };
      case "all":
        return {
          outcome: [(call, next) => this.#followAll(call, next)],
          admission: [(call, next) => this.#begin(call).then(next)],
        };
    }
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
    this.#append({ type: "connection.violation", code, violation: cut(violation), ...who });
  }

  /** Writes what is counted but not yet written; then the ends of all calls have their place before the end of the log. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#denials.flush();
    if (this.#ending > 0) {
      await new Promise<void>((resolve) => {
        this.#whenEnded = resolve;
      });
    }
    this.#reports[Symbol.dispose]();
    this.#use[Symbol.dispose]();
  }

  async #followDenials(call: ServerCall, next: () => Promise<void>): Promise<void> {
    try {
      await next();
    } catch (error) {
      this.#refused(call, error);
      throw error;
    }
  }

  async #followAll(call: ServerCall, next: () => Promise<void>): Promise<void> {
    try {
      await next();
    } catch (error) {
      if (call.auditBegin !== undefined) this.#end(call, error);
      else this.#refused(call, error);
      throw error;
    }
    this.#end(call);
  }

  async #begin(call: ServerCall): Promise<void> {
    const written = this.#log.append({ type: "call.begin", ...callOf(call) });
    call.auditBegin = written;
    try {
      await written;
    } catch (cause) {
      call.auditBegin = undefined;
      throw new CallRefused("ERR_AUDIT_UNAVAILABLE", Status.UNAVAILABLE, "temporarily unavailable", { cause });
    }
  }

  #end(call: ServerCall, error?: unknown): void {
    const outcome = error === undefined ? { status: statusName(Status.OK) } : outcomeOf(call, error);
    const durationMs = Math.round((performance.now() - call.startedAt) * 1000) / 1000;
    // Without a begin in the log there is nothing to end.
    const written = call.auditBegin;
    if (written === undefined) return;
    this.#ending += 1;
    written.then(
      (begin) => {
        this.#append({ type: "call.end", begin, ...callOf(call), ...outcome, durationMs });
        this.#ended();
      },
      () => this.#ended(),
    );
  }

  #ended(): void {
    this.#ending -= 1;
    if (this.#ending === 0) this.#whenEnded?.();
  }

  #refused(call: ServerCall, error: unknown): void {
    if (!(error instanceof CallRefused) || !this.#denials.admit(call.peer.id.toString())) return;
    this.#append({ type: "call.refused", ...callOf(call), ...outcomeOf(call, error) });
  }

  /** For records that nobody waits for: one that cannot be written is counted by the log. */
  #append(fields: AuditFields): void {
    this.#log.append(fields).catch(() => {});
  }
}

function callOf(call: ServerCall) {
  return {
    peer: call.peer.id.toString(),
    pin: call.peer.pin.toString(),
    method: cut(call.path) ?? "",
    connection: call.connection.id,
    protocol: call.connection.protocol,
  };
}

function outcomeOf(call: ServerCall, error: unknown) {
  const { code, outcome } = failureOf(error, () => call.reference);
  return { status: statusName(outcome.status), code, reference: call.hasReference ? call.reference : undefined };
}

/** A peer may call itself, and what it wants, anything. */
function cut(text: string | undefined): string | undefined {
  return text?.slice(0, 256);
}
