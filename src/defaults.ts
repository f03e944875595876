/** Every default that is a number; `docs/defaults.md` gives the reason of each, and a test compares the two. */
export const defaults = {
  /** The longest a served call may take, and what a call gets whose caller names no deadline. */
  maxTimeoutMs: 60_000,
  /** The largest message, in either direction. */
  maxMessageBytes: 4 * 1024 * 1024,
  /** Calls under way on one connection. */
  maxConcurrentStreams: 1_000,
  /** Calls of one identity under way, on all its connections together, and how many of them may be streams. */
  maxConcurrentCalls: 2_000,
  maxOpenStreams: 1_000,
  /** Calls of a server that are over while their handlers still run; of one connection, as many as it may have under way. */
  maxAbandonedCalls: 8_192,
  /** New calls are refused while the event loop stays late by more than this. */
  maxEventLoopDelayMs: 500,
  /** How long calls may go on once the server or their connection is to end. */
  drainTimeoutMs: 10_000,
  /** From the first byte to a verified peer. */
  handshakeTimeoutMs: 5_000,
  maxHandshakes: 128,
  /** Handshakes in a second that may come to nothing. */
  refusedHandshakesPerSecond: 100,
  maxConnections: 1_024,
  maxConnectionsPerPeer: 64,
  /** How long a connection is silent before a server asks whether its client still lives. */
  serverKeepaliveTimeMs: 30_000,
  /** How long a connection with calls under way is silent before a client asks whether its server still lives. */
  clientKeepaliveTimeMs: 60_000,
  /** How long the answer to that may take. */
  keepaliveTimeoutMs: 10_000,
  /** What `pinwire call` and its like wait for one answer. */
  commandTimeoutMs: 10_000,
  /** What `pinwire call` gives a stream. */
  commandStreamTimeoutMs: 3_600_000,
  /** When an audit log begins a new segment. */
  maxSegmentBytes: 64 * 1024 * 1024,
  maxSegmentAgeMs: 86_400_000,
  /** When what an audit log holds is signed: after so many records, and at the latest so long after a record. */
  checkpointEveryRecords: 10_000,
  checkpointEveryMs: 10_000,
  /** Refusals of one peer, or for one reason, that get a record of their own in an audit log: so many, then so many a minute. */
  auditRefusalBurst: 100,
  auditRefusalsPerMinute: 1,
  /** How often a call is sent whose method may be repeated, the first time included. */
  retryMaxAttempts: 3,
  /** The bound of the wait before the first retry. */
  retryInitialBackoffMs: 50,
  /** What the bound grows to. */
  retryMaxBackoffMs: 1_000,
  /** Failures that a channel forgives; half of them used up, nothing is retried. */
  retryMaxTokens: 100,
  /** What one call may keep of its messages for another attempt. */
  retryBufferBytes: 4 * 1024 * 1024,
  /** What all calls of a channel may keep together. */
  channelRetryBufferBytes: 32 * 1024 * 1024,
  /** How far back a circuit breaker looks. */
  circuitWindowMs: 10_000,
  /** Calls within that before it judges. */
  circuitMinCalls: 20,
  /** Of them, how many percent have failed when it opens. */
  circuitFailurePercent: 50,
  /** How long it stays open before it tries one call. */
  circuitOpenMs: 5_000,
  /** How long a capability token lives, when its issuer is not told otherwise. */
  tokenLifetimeMs: 900_000,
  /** The longest a capability token may live; a longer one is refused, whoever issued it. */
  maxTokenLifetimeMs: 86_400_000,
  /** How far in the future `iat` and `nbf` may lie: the issuer's clock may be ahead of ours. */
  tokenClockSkewMs: 5_000,
  /** How long before its end a token source asks for the next one. */
  refreshBeforeMs: 60_000,
  /** Verified tokens that one connection remembers. */
  tokensPerConnection: 16,
  /** Uses of single-use tokens that are remembered until the tokens expire. */
  replayEntries: 10_000,
  /** How often one call may present its single-use token: once and its retries. */
  replayAttempts: 5,
} as const;
