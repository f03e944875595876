import { performance } from "node:perf_hooks";
import { RpcError } from "../errors.js";
import { Listeners } from "../listeners.js";
import type { Call } from "../rpc/call.js";
import type { Source } from "../source.js";
import { Status } from "../status.js";
import { FailureWindow } from "./failure-window.js";

/** `closed`: calls go through. `open`: they fail at once. `half_open`: one call is let through to see whether it is over. */
export type CircuitState = "closed" | "open" | "half_open";

type Verdict = "good" | "bad" | "none";

export interface CircuitBreakerOptions {
  /** How far back it looks, in milliseconds. @default 10_000 */
  readonly windowMs: number;
  /** Calls within the window before it judges. @default 20 */
  readonly minCalls: number;
  /** Which part of them has failed when it opens; more than 0, at most 1. @default 0.5 */
  readonly failureRatio: number;
  /** How long it stays open before one call is let through, in milliseconds. @default 5_000 */
  readonly openMs: number;
}

/** Statuses by which a server shows that it does not do its work; all others are answers, or not its doing. */
const failures: ReadonlySet<Status> = new Set([
  ...[Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED, Status.INTERNAL, Status.UNKNOWN, Status.DATA_LOSS],
  Status.RESOURCE_EXHAUSTED,
]);

/** Statuses that say nothing about the server: the caller left, or one side did not believe the other. */
const silent: ReadonlySet<Status> = new Set([Status.CANCELLED, Status.UNAUTHENTICATED, Status.PERMISSION_DENIED]);

/**
 * Lets the calls of a channel fail at once while most of them fail anyway: the server is left in peace, its callers do not
 * wait. Calls are counted, not their attempts. Its state is a source: `current()`, `onChange()`.
 */
export class CircuitBreaker implements Source<CircuitState> {
  readonly #options: CircuitBreakerOptions;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #window: FailureWindow;
  readonly #listeners = new Listeners<CircuitState>();
  #state: CircuitState = "closed";
  #probeAt = 0;
  #probing = false;

  /** `now` is a clock in milliseconds that never goes back. */
  constructor(
    options: CircuitBreakerOptions,
    now: () => number = () => performance.now(),
    random: () => number = Math.random,
  ) {
    this.#options = options;
    this.#now = now;
    this.#random = random;
    this.#window = new FailureWindow(options.windowMs, now);
  }

  current(): CircuitState {
    return this.#state;
  }

  /** A listener that throws is a process warning: it is no reason for a call to fail, or for a probe to be forgotten. */
  onChange(listener: (state: CircuitState) => void): Disposable {
    return this.#listeners.add(listener);
  }

  /** The stage of a client's calls. Outside of the deadline, so that every call ends here too. @throws ERR_CIRCUIT_OPEN */
  readonly stage = (call: Call, next: () => Promise<void>): Promise<void> => {
    if (!this.#admits) return Promise.reject(circuitOpen());
    if (this.#state !== "closed") return this.#probe(call, next);
    return started(next).then(
      () => this.#count("good"),
      (error: unknown) => {
        this.#count(verdictOf(error));
        throw error;
      },
    );
  };

  async #probe(call: Call, next: () => Promise<void>): Promise<void> {
    this.#probing = true;
    this.#become("half_open");
    let judged = false;
    const judge = (verdict: Verdict) => {
      if (judged) return this.#count(verdict);
      judged = true;
      this.#judgeProbe(verdict);
    };
    // A stream may go on for hours, while all other calls are refused; its first response says what is to be known.
    call.onResponseMessage(() => {
      if (!judged) judge("good");
    });
    try {
      await next();
    } catch (error) {
      judge(verdictOf(error));
      throw error;
    }
    judge("good");
  }

  get #admits(): boolean {
    return this.#state === "closed" || (!this.#probing && this.#now() >= this.#probeAt);
  }

  #count(verdict: Verdict): void {
    if (this.#state !== "closed" || verdict === "none") return;
    this.#window.count(verdict === "bad");
    const { calls, failed } = this.#window;
    const { minCalls, failureRatio } = this.#options;
    if (verdict === "bad" && calls >= minCalls && failed >= calls * failureRatio) this.#open();
  }

  #judgeProbe(verdict: Verdict): void {
    this.#probing = false;
    if (verdict === "bad") this.#open();
    // The caller of the probe left: the next call is the probe.
    else if (verdict === "good") {
      this.#window.clear();
      this.#become("closed");
    }
  }

  #open(): void {
    // Up to a fifth longer by chance, so that many clients do not probe in step.
    this.#probeAt = this.#now() + this.#options.openMs * (1 + this.#random() / 5);
    this.#become("open");
  }

  #become(state: CircuitState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#listeners.tell(state);
  }
}

/** The stages below may throw before there is a promise; that is to be counted too. */
async function started(next: () => Promise<void>): Promise<void> {
  await next();
}

function verdictOf(error: unknown): Verdict {
  // What is no RpcError was thrown on this side.
  if (!(error instanceof RpcError) || silent.has(error.status)) return "none";
  return failures.has(error.status) ? "bad" : "good";
}

function circuitOpen(): RpcError {
  return new RpcError(Status.UNAVAILABLE, "too many calls to this server have failed; none are sent for a while", {
    code: "ERR_CIRCUIT_OPEN",
    attempts: 0,
  });
}
