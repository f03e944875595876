/**
 * What the runner says to a subject's two processes: one JSON object per line on standard input, answered by one per
 * line on standard output. A process is started as
 *
 *     PROGRAM server PLACE             answers {"address": …} when it is ready
 *     PROGRAM client PLACE ADDRESS     answers {} when it is ready
 *
 * with the place as JSON. It ends when standard input does. A request that fails is answered by {"error": …}.
 */
export interface Operations {
  /** Both: what the process has used so far; with `collect` after a collection of garbage. */
  usage: { request: { collect?: boolean }; reply: Usage };
  /** Client: closes the connection of the earlier operations, if there is one, and makes one for those that follow. */
  connect: { request: object; reply: object };
  /** Client: keeps that many calls under way; with `besideBytes`, streams of messages of that size run meanwhile. */
  calls: {
    request: { inFlight: number; payloadBytes: number; seconds: number; besideBytes?: number };
    reply: Calls;
  };
  /** Client: streams about 8 MiB at a time until the time is up, or so many messages on each of so many streams at once. */
  transfer: {
    request: { kind: TransferKind; messageBytes: number; seconds: number; streams?: number; messages?: number };
    reply: Transfer;
  };
  /** Client: makes calls as `calls` does, over all connections that it holds in turn. */
  spread: { request: { inFlight: number; payloadBytes: number; seconds: number }; reply: Calls };
  /** Client: opens so many streams on the connection and leaves them open. */
  linger: { request: { streams: number }; reply: object };
  /** Client: in each of the lanes, again and again until the time is up: new connection, one call, close. */
  reconnect: { request: { lanes: number; seconds: number }; reply: Reconnects };
  /** Client: opens so many connections, makes a call on each and keeps them. */
  hold: { request: { connections: number }; reply: object };
}

export type TransferKind = "download" | "upload" | "exchange";

export interface Usage {
  readonly cpuMicroseconds: number;
  readonly residentBytes: number;
}

export interface Calls {
  readonly count: number;
  readonly seconds: number;
  /** How long calls took; only for one call in flight. */
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  readonly p999Ms?: number;
}

export interface Transfer {
  /** Payload in one direction. */
  readonly bytes: number;
  readonly seconds: number;
}

export interface Reconnects {
  readonly count: number;
  readonly seconds: number;
  /** From nothing to the answer of the first call. */
  readonly p50Ms: number;
}

export type OperationName = keyof Operations;
export type RequestOf<N extends OperationName> = Operations[N]["request"];
export type ReplyOf<N extends OperationName> = Operations[N]["reply"];

/** What a process does when it is asked. */
export type Operators = { readonly [N in OperationName]?: (request: RequestOf<N>) => Promise<ReplyOf<N>> | ReplyOf<N> };

export const transferBytes = 8 * 1024 * 1024;
