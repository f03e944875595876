export interface RetryBufferLimits {
  /** Of one call. */
  readonly retryBufferBytes: number;
  /** Of all calls of a channel together. */
  readonly channelRetryBufferBytes: number;
}

/** What a channel's calls may keep of their requests for further attempts. */
export class RetryBuffer {
  readonly maxCallBytes: number;
  readonly #maxBytes: number;
  #bytes = 0;

  constructor({ retryBufferBytes, channelRetryBufferBytes }: RetryBufferLimits) {
    this.maxCallBytes = retryBufferBytes;
    this.#maxBytes = channelRetryBufferBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether there is room; then it is taken. */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#maxBytes) return false;
    this.#bytes += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#bytes -= bytes;
  }
}
