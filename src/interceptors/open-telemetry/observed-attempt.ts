import { performance } from "node:perf_hooks";
import type { Metadata } from "../../rpc/metadata.js";
import type {
  ClientRequest,
  ClientStream,
  ClientStreamListener,
  ClientTransport,
  Outcome,
} from "../../rpc/transport.js";
import { Status } from "../../status.js";
import type { MethodExchanges } from "./exchange-metrics.js";

type Attempts = Pick<ClientTransport, "open" | "backoffMs">;

/** The same transport, with its attempts at the calls of one method told to the metrics. */
export function observedAttempts(transport: Attempts, metrics: MethodExchanges): Attempts {
  return {
    get backoffMs() {
      return transport.backoffMs;
    },
    open: (request, listener) => {
      const attempt = new ObservedAttempt(request, listener, metrics);
      attempt.begin(transport);
      return attempt;
    },
  };
}

/** Between a call and one of its attempts: it hears what each says to the other, and passes it on. */
class ObservedAttempt implements ClientStream, ClientStreamListener {
  readonly #request: ClientRequest;
  readonly #listener: ClientStreamListener;
  readonly #metrics: MethodExchanges;
  readonly #startedAt = performance.now();
  #stream: ClientStream | undefined;
  #sent = 0;
  #received = 0;
  #begun = false;
  #over = false;

  constructor(request: ClientRequest, listener: ClientStreamListener, metrics: MethodExchanges) {
    this.#request = request;
    this.#listener = listener;
    this.#metrics = metrics;
  }

  begin(transport: Attempts): void {
    // A call that waits for a connection has had no attempt as long as there is none.
    if (!this.#request.waitForReady) this.#count();
    this.#stream = transport.open(this.#request, this);
  }

  read(): void {
    this.#stream?.read();
  }

  write(message: Uint8Array, last?: boolean): Promise<void> | undefined {
    this.#sent += message.length;
    return this.#stream?.write(message, last);
  }

  halfClose(): void {
    this.#stream?.halfClose();
  }

  cancel(): void {
    const isLate = performance.now() >= this.#request.deadlineAt;
    this.#end(isLate ? Status.DEADLINE_EXCEEDED : Status.CANCELLED);
    this.#stream?.cancel();
  }

  onHeader(header: Metadata): void {
    this.#listener.onHeader(header);
  }

  onMessage(message: Uint8Array): void {
    this.#received += message.length;
    this.#listener.onMessage(message);
  }

  onEnd(outcome: Outcome): void {
    if (!(outcome.neverSent && this.#request.waitForReady)) this.#end(outcome.status);
    this.#listener.onEnd(outcome);
  }

  #count(): void {
    this.#begun = true;
    this.#metrics.began();
  }

  #end(status: Status): void {
    if (this.#over) return;
    this.#over = true;
    if (!this.#begun) this.#count();
    const durationMs = performance.now() - this.#startedAt;
    this.#metrics.ended(status, durationMs, this.#sent, this.#received);
  }
}
