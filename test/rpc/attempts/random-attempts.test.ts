// Calls over a transport that fails, answers and dawdles as it likes: whatever it does, a call ends once, is sent no more often
// than allowed, each attempt gets what was written in order, and nothing of it is kept afterwards.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AttemptPlan } from "../../../src/rpc/attempts/attempt-plan.js";
import { openByPlan } from "../../../src/rpc/attempts/open-by-plan.js";
import { RetryBuffer } from "../../../src/rpc/attempts/retry-buffer.js";
import { RetryThrottle } from "../../../src/rpc/attempts/retry-throttle.js";
import { Metadata } from "../../../src/rpc/metadata.js";
import type { ClientStream, ClientStreamListener, Outcome } from "../../../src/rpc/transport.js";
import { Status } from "../../../src/status.js";

const seed = Number(process.env.PINWIRE_SEED ?? Date.now());

interface Script {
  /** How many messages it takes before it ends. */
  readonly takes: number;
  readonly slow: boolean;
  readonly answers: "nothing" | "header" | "message";
  readonly status: Status;
  readonly neverSent: boolean;
}

/** An attempt that follows its script. */
class ScriptedStream implements ClientStream {
  readonly received: number[] = [];
  halfClosed = false;
  over = false;
  readonly #script: Script;
  readonly #listener: ClientStreamListener;
  #release: (() => void) | undefined;

  constructor(script: Script, listener: ClientStreamListener) {
    this.#script = script;
    this.#listener = listener;
    if (script.takes === 0) setImmediate(() => this.#finish());
  }

  read(): void {}

  write(message: Uint8Array, last = false): Promise<void> | undefined {
    if (this.over) return undefined;
    expect(this.halfClosed).toBe(false);
    expect(this.#release).toBeUndefined();
    this.received.push(message[0] as number);
    this.halfClosed = last;
    if (this.received.length === this.#script.takes || last) setImmediate(() => this.#finish());
    if (!this.#script.slow) return undefined;
    return new Promise((resolve) => {
      this.#release = resolve;
      setImmediate(() => this.#sent());
    });
  }

  halfClose(): void {
    if (this.over) return;
    expect(this.halfClosed).toBe(false);
    this.halfClosed = true;
    setImmediate(() => this.#finish());
  }

  cancel(): void {
    this.over = true;
    this.#sent();
  }

  #sent(): void {
    this.#release?.();
    this.#release = undefined;
  }

  #finish(): void {
    if (this.over) return;
    const { answers, status, neverSent } = this.#script;
    if (answers === "header") this.#listener.onHeader(new Metadata());
    if (answers === "message") this.#listener.onMessage(new Uint8Array(1));
    if (this.over) return;
    this.over = true;
    this.#sent();
    this.#listener.onEnd({ status, message: "", ...(neverSent && { neverSent }) });
  }
}

const scripts = fc.record<Script>({
  takes: fc.integer({ min: 0, max: 6 }),
  slow: fc.boolean(),
  answers: fc.constantFrom("nothing", "nothing", "nothing", "header", "message"),
  status: fc.constantFrom(Status.UNAVAILABLE, Status.UNAVAILABLE, Status.UNAVAILABLE, Status.OK, Status.NOT_FOUND),
  neverSent: fc.boolean(),
});
const cases = fc.record({
  attempts: fc.array(scripts, { minLength: 12, maxLength: 12 }),
  messages: fc.integer({ min: 0, max: 8 }),
  endsWithMessage: fc.boolean(),
  pauses: fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
  hedged: fc.boolean(),
  waitForReady: fc.boolean(),
  maxBytes: fc.integer({ min: 0, max: 10 }),
  cancelAfter: fc.option(fc.integer({ min: 0, max: 8 })),
});

describe("attempts", () => {
  it("end once, in order, within their bounds, and leave nothing", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (given) => {
        const buffer = new RetryBuffer({ retryBufferBytes: given.maxBytes, channelRetryBufferBytes: given.maxBytes });
        const streams: ScriptedStream[] = [];
        const statuses = new Set([Status.UNAVAILABLE]);
        const plan: AttemptPlan = {
          retry: given.hedged
            ? undefined
            : { maxAttempts: 3, initialBackoffMs: 1, maxBackoffMs: 1, backoffMultiplier: 1, retryable: statuses },
          hedging: given.hedged ? { maxAttempts: 3, hedgingDelayMs: 1, nonFatal: statuses } : undefined,
          throttle: new RetryThrottle({ maxTokens: 1_000, tokenRatio: 1 }),
          buffer,
          transport: {
            backoffMs: 0,
            open: (_, listener) => {
              // From some point on the server is well: a call that waits for a connection comes to its end.
              const script = given.attempts[streams.length] ?? { ...well, takes: 100 };
              const stream = new ScriptedStream(script, listener);
              streams.push(stream);
              return stream;
            },
          },
        };
        const ends: Outcome[] = [];
        let wake = () => {};
        const over = new Promise<void>((resolve) => (wake = resolve));
        const { waitForReady } = given;
        const metadata = new Metadata();
        const deadlineAt = performance.now() + 60_000;
        const call = openByPlan(
          plan,
          { path: "/a.B/C", timeoutMs: 60_000, deadlineAt, metadata, waitForReady },
          {
            onHeader: () => expect(ends).toEqual([]),
            onMessage: () => expect(ends).toEqual([]),
            onEnd: (outcome) => {
              ends.push(outcome);
              wake();
            },
          },
        );
        call.read();
        let cancelled = false;
        for (let i = 0; i < given.messages && !cancelled; i++) {
          if (given.cancelAfter === i) {
            call.cancel();
            cancelled = true;
            break;
          }
          const last = given.endsWithMessage && i === given.messages - 1;
          const slow = call.write(Uint8Array.of(i), last);
          if (slow !== undefined) await slow;
          else if (given.pauses[i]) await new Promise((resolve) => setImmediate(resolve));
        }
        if (!cancelled) {
          if (!given.endsWithMessage || given.messages === 0) call.halfClose();
          await over;
        }
        await new Promise((resolve) => setTimeout(resolve, 4));
        expect(ends).toHaveLength(cancelled && ends.length === 0 ? 0 : 1);
        expect(buffer.bytes).toBe(0);
        // What was never sent does not count for a call that waits for a connection.
        if (!waitForReady) expect(streams.length).toBeLessThanOrEqual(3);
        for (const { received, over } of streams) {
          expect(received).toEqual(received.map((_, i) => i));
          expect(over).toBe(true);
        }
      }),
      { seed, numRuns: 400 },
    );
  });
});

const well: Script = { takes: 100, slow: false, answers: "nothing", status: Status.OK, neverSent: false };
