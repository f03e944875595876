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

/** So many of the messages that have begun to arrive get credit for all of themselves at a time; the others wait in turn. */
export const maxAheadMessages = 16;

/** What a connection holds of the others, which get no further than their windows. */
export const maxOtherPartialBytes = 64 * 1024 * 1024;

/** What a server holds of messages that have begun to arrive on all connections of one peer. */
export const maxPeerPartialBytes = 256 * 1024 * 1024;

/** Messages that this side has begun and not finished to send: few enough for the limits above, as every pinwire has them. */
export const maxBegunMessages = 32;

/** What a peer may leave unread, beside the messages that have credit, before it is served no further. */
export const maxUnsentBytes = 2 * 1024 * 1024;

/** The writer stops handing large messages to the socket above this, so that small ones need not wait behind them. */
export const highWaterBytes = 192 * 1024;

/** Messages up to this size do not queue behind large ones. */
export const smallMessageBytes = 16 * 1024;
