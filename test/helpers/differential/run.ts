import type { HandlerContext } from "../../../src/rpc/call-context.js";
import { type CallPlan, content, type Entry } from "./program.js";

/** What a handler is known to have seen. */
export interface Seen {
  readonly metadata: readonly string[];
  readonly requests: readonly string[];
  /** The status that its signal fired with. */
  readonly aborted: number | undefined;
}

/** One call of a program on one transport, as both of its sides know it. */
export class Run {
  readonly plan: CallPlan;
  readonly cancel = new AbortController();
  /** Settles when the handler has ended, if it ever begins. */
  readonly handled: Promise<void>;
  #context: HandlerContext | undefined;
  #metadata: readonly string[] = [];
  readonly #requests: string[] = [];
  #handled = () => {};
  #ended = false;
  #received = 0;
  #onReceived = () => {};

  constructor(plan: CallPlan) {
    this.plan = plan;
    this.handled = new Promise((resolve) => {
      this.#handled = resolve;
    });
  }

  get begun(): boolean {
    return this.#context !== undefined;
  }

  get seen(): Seen | undefined {
    if (this.#context === undefined) return undefined;
    const { signal } = this.#context;
    const aborted = signal.aborted ? (signal.reason as { status: number }).status : undefined;
    return { metadata: this.#metadata, requests: this.#requests, aborted };
  }

  begin(context: HandlerContext): void {
    this.#context = context;
    // So that the context makes its signal: only then is the reason known later.
    void context.signal;
    this.#metadata = shown(context.requestMetadata).filter((line) => !line.startsWith("x-script:"));
  }

  saw(name: string): void {
    this.#requests.push(described(name, this.#requests.length, this.plan.requests));
  }

  end(): void {
    this.#ended = true;
    this.#handled();
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** The client has got one more response. */
  got(): void {
    this.#received += 1;
    this.#onReceived();
  }

  /** Until the client has got so many, or the call is over. */
  async received(count: number, signal: AbortSignal): Promise<void> {
    while (this.#received < count && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#onReceived = resolve;
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  }
}

/** The size of a message when it is the one that belongs to its place. */
export function described(text: string, place: number, sizes: readonly number[]): string {
  const bytes = sizes[place];
  if (bytes === undefined) return `unexpected ${text.length}`;
  return text === content(place, bytes) ? `${place}: ${bytes}` : `${place}: corrupt, ${text.length}`;
}

/**
 * Metadata in a form that is the same however it travelled: over HTTP/2 the values of a text may come joined by commas, and
 * in what order keys come is nobody's business.
 */
export function shown(entries: Iterable<Entry>): string[] {
  const values = new Map<string, string[]>();
  for (const [key, value] of entries) {
    const line = typeof value === "string" ? value : `${Buffer.from(value).toString("hex")};`;
    values.set(key, [...(values.get(key) ?? []), line]);
  }
  return [...values].map(([key, lines]) => `${key}: ${lines.join()}`).sort();
}
