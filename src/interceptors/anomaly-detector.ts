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

interface Profile {
  readonly habits: PeerHabits;
  readonly bursts: Map<AnomalyKind, Burst>;
}

/** Looks for what is wrong in what a server sees. Fixed memory for each peer, and for all of them together. */
export class AnomalyDetector implements ServerObserver {
  readonly #onAnomaly: (anomaly: Anomaly) => void;
  readonly #now: () => number;
  readonly #peers: IdentityTable<Profile>;
  /** Of all that was refused before it proved who it is. */
  readonly #strangers: Profile = newProfile();

  constructor(onAnomaly: (anomaly: Anomaly) => void, now: () => number = () => performance.now()) {
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
    if (code !== undefined) this.#judgeFailure(profile, peer, call, status, code);
    else this.#judgeHabits(profile, peer, call);
  }

  connectionRefused({ reason }: ConnectionRefusal): void {
    const { code } = reason;
    const claimed = reason instanceof PeerError ? reason.facts.peerId : undefined;
    this.#add(this.#strangers, "handshake-burst", undefined, code);
    // Only a name that is pinned can have the wrong key, and only one that is proven can be revoked: both are few.
    if (claimed === undefined) return;
    if (code === "ERR_PIN_MISMATCH") this.#add(this.#peers.of(claimed), "pin-mismatch", claimed, code);
    if (withdrawn.has(code)) this.#add(this.#peers.of(claimed), "withdrawn-credential", claimed, code);
  }

  violation({ peer }: SecureConnection): void {
    const id = peer.id.toString();
    this.#add(this.#peers.of(id), "malformed-input", id, "ERR_PROTOCOL_VIOLATION");
  }

  requestRefused({ peer }: SecureConnection, code: ErrorCode): void {
    const id = peer.id.toString();
    this.#add(this.#peers.of(id), "malformed-input", id, code);
  }

  #judgeFailure(profile: Profile, peer: string, call: ServerCall, status: Status, code: ErrorCode): void {
    const method = call.path;
    if (call.route.method === undefined) this.#add(profile, "method-probing", peer, code, method);
    if (malformed.has(code)) this.#add(profile, "malformed-input", peer, code, method);
    if (replayed.has(code)) this.#add(profile, "replay", peer, code, method);
    if (withdrawn.has(code)) this.#add(profile, "withdrawn-credential", peer, code, method);
    if (refusals.has(status)) this.#add(profile, "refusal-burst", peer, code, method);
  }

  #judgeHabits(profile: Profile, peer: string, call: ServerCall): void {
    const { habits } = profile;
    const { path } = call;
    if (habits.isUnusualRate(this.#now(), unusualCalls)) this.#add(profile, "unusual-rate", peer, undefined, path);
    if (habits.isNewMethod(path)) this.#add(profile, "new-method", peer, undefined, path);
    const bytes = Math.max(call.requestBytes, call.responseBytes);
    if (habits.isUnusualSize(bytes, unusualBytes)) this.#add(profile, "unusual-size", peer, undefined, path);
  }

  #add(
    { bursts }: Profile,
    kind: AnomalyKind,
    peer: string | undefined,
    code: ErrorCode | undefined,
    method?: string,
  ): void {
    let burst = bursts.get(kind);
    if (burst === undefined) {
      burst = new Burst();
      bursts.set(kind, burst);
    }
    const now = this.#now();
    const count = burst.add(anomalyRules[kind], now);
    if (count === undefined) return;
    const since = Math.round(Date.now() - (now - burst.first));
    this.#onAnomaly({ kind, peer, count, code, method: method?.slice(0, 256), since });
  }

  #isAtRest({ bursts, habits }: Profile): boolean {
    const now = this.#now();
    return !habits.areSettled && [...bursts].every(([kind, burst]) => burst.isOver(anomalyRules[kind], now));
  }
}

function newProfile(): Profile {
  return { habits: new PeerHabits(), bursts: new Map() };
}
