import type { Metadata } from "./metadata.js";

/** What one call may be given beyond its request. */
export interface CallOptions {
  /** How long this call may take; instead of the client's `timeoutMs`. A nested call never outlives the call it serves. */
  readonly timeoutMs?: number;
  /**
   * Wait for a connection until the deadline when none can be made, instead of failing at once. What a server refuses is
   * not waited for. @default what the service config says, else false
   */
  readonly waitForReady?: boolean;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
  /** What the server sees as `requestMetadata`: `{ "x-request-id": "17" }`; bytes under keys that end in `-bin`. */
  readonly metadata?: Metadata | Readonly<Record<string, string | Uint8Array>>;
  /** Called with the response header as soon as it arrives. */
  readonly onHeader?: (header: Metadata) => void;
  /** Called with the trailer when the call has ended, well or not. */
  readonly onTrailer?: (trailer: Metadata) => void;
}
