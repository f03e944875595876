/** How many retries a channel may add to a server that fails (gRFC A6, "Throttling Retry Attempts and Hedged RPCs"). */
export interface RetryThrottling {
  /** What the bucket holds, more than 0 and at most 1,000. Retries and hedges stop while half of it or less is left. */
  readonly maxTokens: number;
  /** What a success puts back; a failure takes 1. More than 0, at most 1, to three decimals. */
  readonly tokenRatio: number;
}

/** The bucket of one channel. In thousandths, so that many small parts add up to what they should. */
export class RetryThrottle {
  readonly #max: number;
  readonly #perSuccess: number;
  #tokens: number;

  constructor({ maxTokens, tokenRatio }: RetryThrottling) {
    this.#max = Math.round(maxTokens * 1_000);
    this.#perSuccess = Math.round(tokenRatio * 1_000);
    this.#tokens = this.#max;
  }

  get tokens(): number {
    return this.#tokens / 1_000;
  }

  /** Whether the server answers well enough to be asked once more. */
  get allows(): boolean {
    return this.#tokens > this.#max / 2;
  }

  succeeded(): void {
    if (this.#tokens < this.#max) this.#tokens = Math.min(this.#max, this.#tokens + this.#perSuccess);
  }

  /** A failure that another attempt might mend, or one whose server asks for no more attempts. */
  failed(): void {
    this.#tokens = Math.max(0, this.#tokens - 1_000);
  }
}
