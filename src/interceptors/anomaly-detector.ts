import { performance } from "node:perf_hooks";
import { type ErrorCode, PeerError } from "../errors.js";
import type { ServerCall } from "../rpc/server-call.js";
import { Status } from "../status.js";
import type { SecureConnection } from "../transport/secure-connection.js";
import type { ConnectionRefusal } from "../transport/secure-listener.js";
import type { Anomaly, AnomalyKind } from "./anomaly.js";
import { Burst, type BurstRule } from "./burst.js";
import { IdentityTable } from "./identity-table.js";
import { PeerHabits } from "./peer-habits.js";
import type { ServerObserver } from "./server-observer.js";

/** When something counts; docs/anomalies.md gives the reasons. */
export const anomalyRules: Readonly<Record<AnomalyKind, BurstRule>> = {
  "handshake-burst": { count: 20, withinMs: 10_000 },
  "pin-mismatch": { count: 1, withinMs: 60_000 },
  "withdrawn-credential": { count: 1, withinMs: 60_000 },
  "refusal-burst": { count: 20, withinMs: 10_000 },
  "method-probing": { count: 5, withinMs: 10_000 },
  "malformed-input": { count: 3, withinMs: 60_000 },
  replay: { count: 1, withinMs: 60_000 },
  "new-method": { count: 1, withinMs: 60_000 },
  "unusual-size": { count: 1, withinMs: 60_000 },
  "unusual-rate": { count: 1, withinMs: 60_000 },
};

/** Below these nothing is unusual, however small everything before was. */
const unusualBytes = 64 * 1024;
const unusualCalls = 1_000;

const withdrawn: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "ERR_REVOKED",
  "ERR_CERTIFICATE_EXPIRED",
  "ERR_TOKEN_REVOKED",
]);
const replayed: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "ERR_STALE_CALL",
  "ERR_REPLAYED_CALL",
  "ERR_TOKEN_REPLAYED",
]);
const malformed: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "ERR_MESSAGE_MALFORMED",
  "ERR_MESSAGE_COUNT",
  "ERR_ENVELOPE_MALFORMED",
  "ERR_PROTOCOL_VIOLATION",
]);
const refusals: ReadonlySet<Status> = new Set([
  Status.PERMISSION_DENIED,
  Status.UNAUTHENTICATED,
  Status.RESOURCE_EXHAUSTED,
]);

/**
 * @param isOwn whether the peer itself did it, proven by its key and in good standing: what somebody does under a name that he
 * merely claims, or with a credential that was withdrawn, must not be held against who the name belongs to
 * @returns whether the peer was locked out for it
 */
export type AnomalyListener = (anomaly: Anomaly, isOwn: boolean) => boolean;

interface Profile {
  readonly habits: PeerHabits;
  readonly bursts: Map<AnomalyKind, Burst>;
}

/** Looks for what is wrong in what a server sees. Fixed memory for each peer, and for all of them together. */
export class AnomalyDetector implements ServerObserver {
  readonly #onAnomaly: AnomalyListener;
  readonly #now: () => number;
  readonly #peers: IdentityTable<Profile>;
  /** Of all that was refused before it proved who it is. */
  readonly #strangers: Profile = newProfile();

  constructor(onAnomaly: AnomalyListener, now: () => number = () => performance.now()) {
    this.#onAnomaly = onAnomaly;
    this.#now = now;
    this.#peers = new IdentityTable({ make: newProfile, isAtRest: (profile) => this.#isAtRest(profile) });
  }

  /** How many peers it remembers. */
  get peers(): number {
    return this.#peers.size;
  }

  callEnded(call: ServerCall, status: Status, code: ErrorCode | undefined): void {
    const peer = call.peer.id.toString();
    const profile = this.#peers.of(peer);
    // What it does while it is locked out has had its consequence.
    if (code === "ERR_QUARANTINED") return;
    if (code !== undefined) this.#judgeFailure(profile, peer, call, status, code);
    // Also of what was refused, or failed: somebody who tries something new need not succeed. Several have no habit together.
    if (call.route.method !== undefined && profile !== this.#peers.shared) this.#judgeHabits(profile, peer, call);
  }

  connectionRefused({ reason, counts }: ConnectionRefusal): void {
    const { code } = reason;
    const claimed = reason instanceof PeerError ? reason.facts.peerId : undefined;
    let events = 1;
    if (counts !== undefined) events = [...counts.values()].reduce((sum, count) => sum + count, 0);
    this.#add(this.#strangers, "handshake-burst", { code, events });
    if (claimed === undefined) return;
    const fact = { peer: claimed, code };
    // Only a name that is pinned can have the wrong key, and only one that was signed can be revoked: both are few.
    if (code === "ERR_PIN_MISMATCH") this.#add(this.#peers.of(claimed), "pin-mismatch", fact);
    else if (code === "ERR_REVOKED") this.#add(this.#peers.of(claimed), "withdrawn-credential", fact);
    // Anybody can make a chain that has expired, with any number of names: they have one count together.
    else if (withdrawn.has(code)) this.#add(this.#strangers, "withdrawn-credential", fact);
  }

  violation({ peer }: SecureConnection, violation: string): void {
    // A program that was stopped, or hangs, says nothing either.
    if (violation === "SILENT_PEER") return;
    const id = peer.id.toString();
    const kind = violation === "BAD_SEQUENCE" ? "replay" : "malformed-input";
    this.#add(this.#peers.of(id), kind, { peer: id, code: "ERR_PROTOCOL_VIOLATION", isOwn: true });
  }

  requestRefused({ peer }: SecureConnection, code: ErrorCode): void {
    const id = peer.id.toString();
    this.#add(this.#peers.of(id), "malformed-input", { peer: id, code, isOwn: true });
  }

  #judgeFailure(profile: Profile, peer: string, call: ServerCall, status: Status, code: ErrorCode): void {
    const fact = { peer, code, method: call.path, isOwn: true };
    if (call.route.method === undefined) this.#add(profile, "method-probing", fact);
    if (malformed.has(code)) this.#add(profile, "malformed-input", fact);
    if (replayed.has(code)) this.#add(profile, "replay", fact);
    // The holder of an old certificate need not be who has the new one; a token is sent by the peer itself.
    if (withdrawn.has(code))
      this.#add(profile, "withdrawn-credential", { ...fact, isOwn: code === "ERR_TOKEN_REVOKED" });
    if (refusals.has(status)) this.#add(profile, "refusal-burst", fact);
  }

  #judgeHabits(profile: Profile, peer: string, call: ServerCall): void {
    const { habits } = profile;
    const fact = { peer, method: call.path, isOwn: true };
    if (habits.isUnusualRate(this.#now(), unusualCalls)) this.#add(profile, "unusual-rate", fact);
    if (habits.isNewMethod(call.path)) this.#add(profile, "new-method", fact);
    const bytes = Math.max(call.requestBytes, call.responseBytes);
    if (habits.isUnusualSize(bytes, unusualBytes)) this.#add(profile, "unusual-size", fact);
  }

  #add(profile: Profile, kind: AnomalyKind, { peer, code, method, isOwn = false, events }: Fact): void {
    const burst = burstOf(profile, kind);
    const rule = anomalyRules[kind];
    const now = this.#now();
    const count = burst.add(rule, now, events);
    if (count === undefined) return;
    const since = Math.round(Date.now() - (now - burst.first));
    const anomaly = { kind, peer, count, code, method: method?.slice(0, 256), since };
    // What several did together must not be held against the one who came last.
    const isOfSeveral = profile === this.#peers.shared && rule.count > 1;
    const lockedOut = isOfSeveral
      ? this.#onAnomaly({ ...anomaly, peer: undefined }, false)
      : this.#onAnomaly(anomaly, isOwn);
    // Who goes on when he is let in again is not to be spared because it is still the same burst.
    if (lockedOut) burst.reset();
  }

  #isAtRest({ bursts, habits }: Profile): boolean {
    const now = this.#now();
    return !habits.areSettled && [...bursts].every(([kind, burst]) => burst.isOver(anomalyRules[kind], now));
  }
}

interface Fact {
  readonly peer?: string;
  readonly code?: ErrorCode;
  readonly method?: string;
  readonly isOwn?: boolean;
  /** How many it stands for. @default 1 */
  readonly events?: number;
}

function burstOf({ bursts }: Profile, kind: AnomalyKind): Burst {
  const burst = bursts.get(kind) ?? new Burst();
  bursts.set(kind, burst);
  return burst;
}

function newProfile(): Profile {
  return { habits: new PeerHabits(), bursts: new Map() };
}
