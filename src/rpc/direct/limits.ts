/** What one side of a direct connection is prepared to receive. Announced in HELLO; whoever exceeds it breaks the protocol. */
export interface DirectLimits {
  readonly maxFrameBytes: number;
  readonly maxMessageBytes: number;
  readonly maxMetadataBytes: number;
  readonly maxStreams: number;
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
}

/** The limits that are not for users to set. */
export const fixedLimits = {
  /** A message of 64 KiB fits into one frame; a larger one leaves room for others between its frames. */
  maxFrameBytes: 128 * 1024,
  maxMetadataBytes: 32 * 1024,
  /** New credit is sent for half of it at a time; with much less, half of what a reader writes would be credit. */
  streamWindowBytes: 1024 * 1024,
  /** 16 streams that nobody reads do not yet stop the others. */
  connectionWindowBytes: 16 * 1024 * 1024,
} as const;

/** Of messages that have begun to arrive, a connection holds no more than this many of the largest size. */
export const maxPartialMessages = 16;

/** The writer stops handing large messages to the socket above this, so that small ones need not wait behind them. */
export const highWaterBytes = 192 * 1024;

/** Messages up to this size do not queue behind large ones. */
export const smallMessageBytes = 16 * 1024;
