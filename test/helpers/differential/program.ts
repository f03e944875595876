import type { Status } from "../../../src/status.js";

/** What a differential test does on both transports: calls that begin at once, on one client. */
export interface Program {
  readonly limits: Limits;
  /** On connections of their own; else on those that other programs have used. */
  readonly fresh: boolean;
  readonly calls: readonly CallPlan[];
}

/** `maxMessageBytes` of the two sides. */
export interface Limits {
  readonly client: number;
  readonly server: number;
}

export type Kind = "unary" | "server" | "client" | "bidi";
export type Entry = readonly [key: string, value: string | Uint8Array];

/** What both sides of a call do. Sizes are those of encoded messages. */
export interface CallPlan {
  readonly kind: Kind;
  readonly requests: readonly number[];
  readonly metadata: readonly Entry[];
  readonly header: readonly Entry[];
  readonly trailer: readonly Entry[];
  /** What the handler does, one after the other. */
  readonly steps: readonly Step[];
  /** What it does then. */
  readonly ending: Ending;
  readonly reader: Reader;
}

export type Step =
  /** Sends the header without waiting for a message. */
  | { readonly step: "header" }
  /** Reads so many requests, or as many as there are. */
  | { readonly step: "read"; readonly count: number }
  | { readonly step: "write"; readonly bytes: number }
  /** Waits until the client has all that was written. */
  | { readonly step: "confirm" };

export type Ending =
  | { readonly by: "success" }
  | { readonly by: "status"; readonly status: Exclude<Status, 0>; readonly message: string }
  /** Throws what is no RpcError. */
  | { readonly by: "accident" }
  /** The client cancels; the handler waits for that. */
  | { readonly by: "cancel" }
  /** Waits until the deadline has passed. */
  | { readonly by: "deadline" }
  /** Waits until the reader has left. */
  | { readonly by: "leaving" }
  /** The client's iterable of requests throws after the last; the handler waits for that. */
  | { readonly by: "broken requests" };

export type Reader =
  | { readonly reads: "eagerly" }
  /** Not before the handler has ended. */
  | { readonly reads: "afterwards" }
  /** So many, then it leaves. */
  | { readonly reads: number };

export function sendsOne({ kind }: CallPlan): boolean {
  return kind === "unary" || kind === "server";
}

export function receivesOne({ kind }: CallPlan): boolean {
  return kind === "unary" || kind === "client";
}

/** The responses, in order, as far as the steps go. */
export function writesOf({ steps }: CallPlan): number[] {
  return steps.flatMap((each) => (each.step === "write" ? [each.bytes] : []));
}

const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/";

/** The text that makes a message of about so many bytes, different for each place. One and two bytes are none. */
export function content(place: number, bytes: number): string {
  const length = textLength(bytes);
  const offset = (place * 7) % alphabet.length;
  const pattern = alphabet.slice(offset) + alphabet.slice(0, offset);
  return pattern.repeat(Math.ceil(length / pattern.length)).slice(0, length);
}

/** The size of the message that `content` makes. */
export function encodedBytes(bytes: number): number {
  const length = textLength(bytes);
  return length === 0 ? 0 : 1 + varintBytes(length) + length;
}

/** The longest text that fits: a tag, the length, the text. */
function textLength(bytes: number): number {
  for (let prefix = 2; prefix <= 6; prefix++) {
    const length = bytes - prefix;
    if (length > 0 && varintBytes(length) <= prefix - 1) return length;
  }
  return 0;
}

function varintBytes(value: number): number {
  return value < 2 ** 7 ? 1 : value < 2 ** 14 ? 2 : value < 2 ** 21 ? 3 : 4;
}
