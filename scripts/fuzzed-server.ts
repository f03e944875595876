import { RpcError } from "../src/errors.js";
import { DirectServerLink } from "../src/rpc/direct/direct-server-link.js";
import type { DirectServerStream } from "../src/rpc/direct/direct-server-stream.js";
import type { ProtocolViolation } from "../src/rpc/direct/violation.js";
import { Metadata } from "../src/rpc/metadata.js";
import type { ServerStream, ServerStreamListener } from "../src/rpc/transport.js";
import { Status } from "../src/status.js";
import { FakeConnection } from "./fake-connection.js";
import { expectThat, type Fuzzed, messagesOf } from "./fuzz-checks.js";
import { clientFrames, methods, mutate, tightLimits } from "./fuzzed-frames.js";
import type { Random } from "./random.js";

/** A server's link, handlers that do anything, and the frames that a bad client sends. */
export function fuzzedServer(random: Random): Fuzzed {
  const connection = new FakeConnection(random.chance(0.5) ? 20_000 : Number.POSITIVE_INFINITY);
  const calls: FuzzedHandler[] = [];
  let violation: ProtocolViolation | undefined;
  const link = new DirectServerLink({
    connection,
    limits: tightLimits,
    helloTimeoutMs: 60_000,
    keepaliveTimeMs: 60_000,
    keepaliveTimeoutMs: 60_000,
    methods: methods.map((method) => ({ $typeName: "pinwire.direct.v1.Method", ...method })),
    handler: (stream) => {
      const call = new FuzzedHandler(stream, random);
      calls.push(call);
      return call;
    },
    onViolation: (found) => {
      expectThat(violation === undefined, "a violation is reported once");
      violation = found;
    },
  });
  const frames = clientFrames(random);
  mutate(random, frames);
  const input = Buffer.concat(frames);
  return {
    role: "server",
    connection,
    input,
    act: () => {
      if (random.chance(0.02)) link.drain();
      if (calls.length > 0) calls[random.below(calls.length)]?.act();
    },
    finish: () => {
      const sent = messagesOf(input, "server");
      for (const call of calls) call.expectEnded(sent);
      return { violation, calls: calls.length };
    },
  };
}

/** Reads or does not, answers or does not; and notices what must not happen to it. */
class FuzzedHandler implements ServerStreamListener {
  readonly streamsRequests = true;
  readonly #stream: ServerStream;
  readonly #random: Random;
  #messages = 0;
  #reading = false;
  #busy = false;
  #headerSent = false;
  #halfClosed = false;
  #finished = false;
  #aborted = false;

  constructor(stream: ServerStream, random: Random) {
    this.#stream = stream;
    this.#random = random;
    stream.requestMetadata.get("key");
    for (let acts = random.below(3); acts > 0; acts--) this.act();
  }

  act(): void {
    const choice = this.#random.below(10);
    if (choice < 4) this.#read();
    else if (choice < 6) this.#write();
    else if (choice < 7) this.#sendHeader();
    else if (choice < 8) this.#finish();
  }

  onMessage(): void {
    expectThat(this.#reading, "a message comes only when one was asked for");
    expectThat(!this.#halfClosed, "no message comes after the half-close");
    this.#reading = false;
    this.#messages += 1;
    if (this.#random.chance(0.5)) this.#read();
    if (this.#random.chance(0.5)) this.#write();
  }

  onHalfClose(): void {
    expectThat(!this.#halfClosed, "the half-close comes once");
    this.#halfClosed = true;
    if (this.#random.chance(0.7)) this.#finish();
  }

  onAbort(): void {
    // Also after it was finished, when the last message was still on its way out.
    expectThat(!this.#aborted, "a call is aborted once");
    this.#aborted = true;
  }

  /** The connection is gone: every call has ended. */
  expectEnded(sent: (streamId: number) => number): void {
    const lost = sent((this.#stream as DirectServerStream).id) - this.#messages;
    if (this.#halfClosed) expectThat(lost === 0, `all requests come before the half-close (${lost} are missing)`);
    expectThat(this.#aborted || this.#finished, "every call ends when its connection does");
  }

  #read(): void {
    if (this.#reading || this.#halfClosed || this.#finished) return;
    this.#reading = true;
    this.#stream.read();
  }

  /** What is larger than the peer takes is the failure of the call, as it is in the pipeline. */
  #writeOf(bytes: number): Promise<void> | undefined {
    try {
      return this.#stream.write(Buffer.alloc(bytes));
    } catch (error) {
      expectThat(error instanceof RpcError && error.code === "ERR_MESSAGE_TOO_LARGE", `no other refusal: ${error}`);
      this.#finish();
      return undefined;
    }
  }

  #write(): void {
    if (this.#busy || this.#finished) return;
    this.#headerSent = true;
    const slow = this.#writeOf(this.#random.below(this.#random.chance(0.9) ? 300 : 20_000));
    if (slow === undefined) return;
    this.#busy = true;
    void slow.then(() => {
      this.#busy = false;
      if (this.#random.chance(0.5)) this.act();
    });
  }

  #sendHeader(): void {
    if (this.#headerSent || this.#finished) return;
    this.#headerSent = true;
    try {
      this.#stream.sendHeader(this.#metadata());
    } catch (error) {
      // It is larger than the client accepts: the handler has to end the call.
      expectThat(error instanceof RpcError && error.status === Status.RESOURCE_EXHAUSTED, `nothing else (${error})`);
      this.#finish();
    }
  }

  #finish(): void {
    if (this.#finished || this.#aborted) return;
    this.#finished = true;
    const status = (this.#random.chance(0.5) ? 0 : this.#random.below(17)) as Status;
    const trailer = this.#random.chance(0.3) ? this.#metadata() : undefined;
    this.#stream.finish({ status, message: status === 0 ? "" : "why", ...(trailer && { trailer }) });
  }

  #metadata(): Metadata {
    return Metadata.from({ key: "v".repeat(this.#random.below(this.#random.chance(0.9) ? 50 : 8_000)) });
  }
}
