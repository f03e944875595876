import type { ErrorCode } from "../errors.js";
import type { CallRefused } from "../rpc/call-refused.js";
import type { ServerCall } from "../rpc/server-call.js";
import type { Status } from "../status.js";
import type { SecureConnection } from "../transport/secure-connection.js";
import type { ConnectionRefusal } from "../transport/secure-listener.js";

/** Who watches what a server does: figures, anomalies. It decides nothing, and may look at everything but payloads. */
export interface ServerObserver {
  /** A handshake begins; it may come to nothing. */
  handshakeBegan?(): void;
  callStarted?(call: ServerCall): void;
  /** Each call once, whichever way it ended; `code` is the reason when it did not end well. */
  callEnded?(call: ServerCall, status: Status, code: ErrorCode | undefined): void;
  /** A stage refused a call, for a reason of ours; `callEnded` is told as well, after this. */
  callDenied?(call: ServerCall, refusal: CallRefused): void;
  connectionOpened?(connection: SecureConnection): void;
  connectionClosed?(connection: SecureConnection): void;
  connectionRefused?(refusal: ConnectionRefusal): void;
  /** A verified peer broke the protocol of its connection. */
  violation?(connection: SecureConnection, violation: string): void;
  /** A request that never became a call: not one that HTTP/2 and gRPC know. */
  requestRefused?(connection: SecureConnection, code: ErrorCode): void;
}

/** Tells all; what one throws is its own fault and nobody else's. */
export class ServerObservers implements Required<ServerObserver> {
  readonly #observers: readonly ServerObserver[];
  readonly #starts: readonly ServerObserver[];

  constructor(observers: readonly ServerObserver[]) {
    this.#observers = observers;
    this.#starts = observers.filter(({ callStarted }) => callStarted !== undefined);
  }

  /** The same, and one more. */
  and(observer: ServerObserver | undefined): ServerObservers {
    return observer === undefined ? this : new ServerObservers([...this.#observers, observer]);
  }

  /** Whether there is anybody to be told about calls: nothing is looked up otherwise. */
  get followCalls(): boolean {
    return this.#observers.some(({ callEnded }) => callEnded !== undefined);
  }

  handshakeBegan(): void {
    for (const observer of this.#observers) attempt(() => observer.handshakeBegan?.());
  }

  callStarted(call: ServerCall): void {
    for (const observer of this.#starts) {
      // Without a closure: this is done for every call.
      try {
        observer.callStarted?.(call);
      } catch {
        // There is nobody to tell.
      }
    }
  }

  callEnded(call: ServerCall, status: Status, code: ErrorCode | undefined): void {
    for (const observer of this.#observers) {
      try {
        observer.callEnded?.(call, status, code);
      } catch {
        // As above.
      }
    }
  }

  callDenied(call: ServerCall, refusal: CallRefused): void {
    for (const observer of this.#observers) attempt(() => observer.callDenied?.(call, refusal));
  }

  connectionOpened(connection: SecureConnection): void {
    for (const observer of this.#observers) attempt(() => observer.connectionOpened?.(connection));
  }

  connectionClosed(connection: SecureConnection): void {
    for (const observer of this.#observers) attempt(() => observer.connectionClosed?.(connection));
  }

  connectionRefused(refusal: ConnectionRefusal): void {
    for (const observer of this.#observers) attempt(() => observer.connectionRefused?.(refusal));
  }

  violation(connection: SecureConnection, violation: string): void {
    for (const observer of this.#observers) attempt(() => observer.violation?.(connection, violation));
  }

  requestRefused(connection: SecureConnection, code: ErrorCode): void {
    for (const observer of this.#observers) attempt(() => observer.requestRefused?.(connection, code));
  }
}

function attempt(tell: () => void): void {
  try {
    tell();
  } catch {
    // There is nobody to tell: whoever watches must not decide.
  }
}
