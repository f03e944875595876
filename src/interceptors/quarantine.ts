import { performance } from "node:perf_hooks";
import { checkDelayMs, checkKeys } from "../check-option.js";
import { UsageError } from "../errors.js";
import { CallRefused } from "../rpc/call-refused.js";
import type { ServerStage } from "../rpc/server-method.js";
import { Status } from "../status.js";
import type { Anomaly, AnomalyKind } from "./anomaly.js";

/** Whether, and for how long, a peer is locked out after an anomaly of its own. */
export interface QuarantineOptions {
  /** How long a peer may not call after an anomaly. */
  readonly forMs: number;
  /** Which anomalies lead to it. @default those that no honest peer causes: see docs/anomalies.md */
  readonly kinds?: readonly AnomalyKind[];
}

/** A name that somebody merely claims must not lock out who it belongs to. */
const ofVerifiedPeers = [
  "withdrawn-credential",
  "refusal-burst",
  "method-probing",
  "malformed-input",
  "replay",
  "new-method",
  "unusual-size",
  "unusual-rate",
] as const satisfies readonly AnomalyKind[];
const usual: readonly AnomalyKind[] = ["withdrawn-credential", "method-probing", "malformed-input", "replay"];

/** Before those whose time is over are looked for. */
const mostPeers = 4_096;

/** Keeps peers from calling for a while after an anomaly of theirs. */
export class Quarantine {
  readonly #forMs: number;
  readonly #kinds: ReadonlySet<AnomalyKind>;
  readonly #now: () => number;
  readonly #until = new Map<string, number>();

  constructor({ forMs, kinds = usual }: QuarantineOptions, now: () => number = () => performance.now()) {
    this.#forMs = forMs;
    this.#kinds = new Set(kinds);
    this.#now = now;
  }

  /** For what a verified peer did itself. @returns whether it leads to a quarantine */
  add({ kind, peer }: Anomaly): boolean {
    if (peer === undefined || !this.#kinds.has(kind)) return false;
    if (this.#until.size >= mostPeers) this.#forget();
    this.#until.set(peer, this.#now() + this.#forMs);
    return true;
  }

  /** Those who never came back. */
  #forget(): void {
    const now = this.#now();
    for (const [peer, until] of this.#until) if (until <= now) this.#until.delete(peer);
  }

  /** Before everything that costs anything. */
  readonly stage: ServerStage = (call, next) => {
    if (this.#until.size > 0) this.#assertFree(call.peer.id.toString());
    return next();
  };

  #assertFree(peer: string): void {
    const until = this.#until.get(peer);
    if (until === undefined) return;
    if (this.#now() < until) throw new CallRefused("ERR_QUARANTINED", Status.PERMISSION_DENIED, "permission denied");
    this.#until.delete(peer);
  }
}

/** @throws UsageError ERR_INVALID_OPTION */
export function checkQuarantine(options: QuarantineOptions | undefined): QuarantineOptions | undefined {
  if (options === undefined) return undefined;
  checkKeys("quarantine", options, ["forMs", "kinds"]);
  checkDelayMs("quarantine.forMs", options.forMs);
  for (const kind of options.kinds ?? []) {
    if ((ofVerifiedPeers as readonly string[]).includes(kind)) continue;
    throw new UsageError(
      "ERR_INVALID_OPTION",
      `quarantine.kinds takes ${ofVerifiedPeers.join(", ")}, not ${String(kind)}`,
    );
  }
  return options;
}
