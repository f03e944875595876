import type { Place } from "./place.js";

/**
 * One way of making calls between two processes. Each is a file in `subjects/`, found by its name, that exports a
 * `subject`; nothing else has to change to add one.
 */
export type Subject = ModuleSubject | ProgramSubject;

interface SubjectFacts {
  /** One line for the legend. */
  readonly description: string;
  /** Takes part only where it is named: it answers another question than the table. */
  readonly onRequest?: true;
}

/** A subject of Node.js. Its file is loaded in a server process and in a client process. */
export interface ModuleSubject extends SubjectFacts {
  readonly kind: "module";
  /** The package whose import is timed; none where there is no package. */
  readonly packageName?: string;
  /** Serves at the place. Resolves to the address that clients of this subject understand. */
  serve(place: Place): Promise<string>;
  /** Reads the credentials once, as an application would; what it resolves to makes a new connection at each call. */
  connector(place: Place, address: string): Promise<() => Connection>;
}

/** A subject in another language: a program that speaks the protocol of `worker/protocol.ts`. */
export interface ProgramSubject extends SubjectFacts {
  readonly kind: "program";
  /** Builds the program. Resolves to its path, or to the reason why it cannot be had on this machine. */
  prepare(): Promise<{ readonly path: string } | { readonly missing: string }>;
}

/** A connection of its own, shared with nobody; made when the first call needs it, or before. */
export interface Connection {
  /** Resolves to the length of the answer, which holds the bytes that were sent. */
  echo(payload: Uint8Array): Promise<number>;
  /** The server sends `count` messages; resolves to the number of payload bytes that arrived. */
  download(messageBytes: number, count: number): Promise<number>;
  /** Sends the payload `count` times; resolves to the number of messages that the server counted. */
  upload(payload: Uint8Array, count: number): Promise<number>;
  /** The same with the server sending each back; resolves to the number of payload bytes that came back. */
  exchange(payload: Uint8Array, count: number): Promise<number>;
  /** Opens a stream that stays open: one message was sent on it, and one has come back. Absent where there are none. */
  linger?(payload: Uint8Array): Promise<void>;
  close(): Promise<void> | void;
}
