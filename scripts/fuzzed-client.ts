import { DirectClientLink } from "../src/rpc/direct/direct-client-link.js";
import type { DirectClientStream } from "../src/rpc/direct/direct-client-stream.js";
import type { ProtocolViolation } from "../src/rpc/direct/violation.js";
import { Metadata } from "../src/rpc/metadata.js";
import type { ClientStream, ClientStreamListener, Outcome } from "../src/rpc/transport.js";
import { FakeConnection } from "./fake-connection.js";
import { expectThat, type Fuzzed, messagesOf } from "./fuzz-checks.js";
import { methods, mutate, serverFrames, serverHello, tightLimits } from "./fuzzed-frames.js";
import type { Random } from "./random.js";

const paths = [methods[0]?.path ?? "", "/fuzz.v1.FuzzService/Unannounced"] as const;

/** A client's link, callers that do anything, and the frames that a bad server sends. */
export function fuzzedClient(random: Random): Fuzzed {
  const connection = new FakeConnection(random.chance(0.5) ? 20_000 : Number.POSITIVE_INFINITY);
  const calls: FuzzedCall[] = [];
  let usable = false;
  let violation: ProtocolViolation | undefined;
  const atOnce = random.below(5);
  const open = (count: number) => {
    for (; count > 0 && usable && link.hasRoom; count--) calls.push(new FuzzedCall(link, random));
  };
  const link = new DirectClientLink({
    connection,
    limits: { ...tightLimits, maxStreams: 1 },
    helloTimeoutMs: 60_000,
    keepaliveTimeMs: 60_000,
    keepaliveTimeoutMs: 60_000,
    maxStreamId: 15,
    onReady: () => {
      usable = true;
      open(atOnce);
    },
    onRoom: () => open(random.below(2)),
    onLeaving: (notBegun) => {
      usable = false;
      for (const stream of notBegun) stream.beginAnew((_, listener) => (listener as FuzzedCall).move() as never);
    },
    onViolation: (found) => {
      expectThat(violation === undefined, "a violation is reported once");
      violation = found;
    },
    onGone: () => {
      usable = false;
    },
  });
  const frames = serverFrames(random, 1 + 2 * atOnce);
  mutate(random, frames);
  // Mostly a good HELLO, so that there are calls to be harmed.
  const greeting = [serverHello(random)];
  if (random.chance(0.1)) mutate(random, greeting);
  const input = Buffer.concat([...greeting, ...frames]);
  return {
    role: "client",
    connection,
    input,
    act: () => {
      if (random.chance(0.1)) open(1);
      if (random.chance(0.01)) link.leave();
      if (calls.length > 0) calls[random.below(calls.length)]?.act();
    },
    finish: () => {
      const sent = messagesOf(input, "client");
      for (const call of calls) call.expectEnded(sent);
      return { violation, calls: calls.length };
    },
  };
}

/** Reads or does not, sends, cancels; and notices what must not happen to it. */
class FuzzedCall implements ClientStreamListener {
  readonly #stream: DirectClientStream;
  readonly #random: Random;
  #messages = 0;
  #status: number | undefined;
  #reading = false;
  #busy = false;
  #localEnded = false;
  #headerSeen = false;
  #messageSeen = false;
  #ended = false;
  #cancelled = false;
  #moved = false;

  constructor(link: DirectClientLink, random: Random) {
    this.#random = random;
    const metadata = random.chance(0.3) ? Metadata.from({ key: "v".repeat(random.below(100)) }) : new Metadata();
    const path = random.pick(paths);
    this.#stream = link.open({ path, timeoutMs: 1_000, deadlineAt: 0, waitForReady: false, metadata }, this);
    for (let acts = random.below(4); acts > 0; acts--) this.act();
  }

  act(): void {
    const choice = this.#random.below(12);
    if (choice < 5) this.#read();
    else if (choice < 8) this.#write();
    else if (choice < 9) this.#halfClose();
    else if (choice < 10 && this.#random.chance(0.3)) this.#cancel();
  }

  /** The server says that it never began the call; it is somebody else's from now on. */
  move(): ClientStream {
    expectThat(!this.#headerSeen && !this.#messageSeen, "a call that was answered does not begin anew");
    expectThat(!this.#ended && !this.#cancelled, "a call that has ended does not begin anew");
    this.#moved = true;
    return { read: () => {}, write: () => undefined, halfClose: () => {}, cancel: () => {} };
  }

  onHeader(): void {
    this.#expectAlive("header");
    expectThat(!this.#headerSeen && !this.#messageSeen, "the header comes once, before the messages");
    this.#headerSeen = true;
  }

  onMessage(): void {
    this.#expectAlive("message");
    expectThat(this.#reading, "a message comes only when one was asked for");
    this.#reading = false;
    this.#messageSeen = true;
    this.#messages += 1;
    if (this.#random.chance(0.5)) this.#read();
  }

  onEnd({ status }: Outcome): void {
    this.#expectAlive("end");
    this.#status = status;
    this.#ended = true;
  }

  /** The connection is gone: every call has ended, but for those whose last messages nobody has read yet. */
  expectEnded(sent: (streamId: number) => number): void {
    for (let reads = 0; reads < 100 && !this.#ended && !this.#cancelled && !this.#moved; reads++) {
      this.#reading = true;
      this.#stream.read();
    }
    expectThat(this.#ended || this.#cancelled || this.#moved, "every call ends when its connection does");
    const lost = sent(this.#stream.id) - this.#messages;
    if (this.#status === 0) expectThat(lost === 0, `a call that ends well has all its messages (${lost} are missing)`);
  }

  #expectAlive(event: string): void {
    expectThat(!this.#ended && !this.#cancelled && !this.#moved, `no ${event} comes after the end of a call`);
  }

  #read(): void {
    if (this.#reading) return;
    this.#reading = true;
    this.#stream.read();
  }

  #write(): void {
    if (this.#busy || this.#localEnded) return;
    const last = this.#random.chance(0.2);
    this.#localEnded = last;
    const slow = this.#stream.write(Buffer.alloc(this.#random.below(this.#random.chance(0.9) ? 300 : 20_000)), last);
    if (slow === undefined) return;
    this.#busy = true;
    void slow.then(() => {
      this.#busy = false;
      if (this.#random.chance(0.5)) this.act();
    });
  }

  #halfClose(): void {
    if (this.#localEnded) return;
    this.#localEnded = true;
    this.#stream.halfClose();
  }

  #cancel(): void {
    if (this.#ended) return;
    this.#cancelled = true;
    this.#stream.cancel();
  }
}
