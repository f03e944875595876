import { describe, expect, it } from "vitest";
import { DeferredClientStream } from "../../../src/rpc/deferred-client-stream.js";
import { Metadata } from "../../../src/rpc/metadata.js";
import type { ClientRequest, ClientStream, ClientStreamListener } from "../../../src/rpc/transport.js";
import { Status } from "../../../src/status.js";

const request: ClientRequest = {
  path: "/a.B/C",
  timeoutMs: 5_000,
  deadlineAt: 5_000,
  metadata: new Metadata(),
  waitForReady: false,
};
const text = (message: Uint8Array) => Buffer.from(message).toString();

/** A stream that writes down what is done with it, and is slow where the test says so. */
class RecordedStream implements ClientStream {
  readonly events: string[] = [];
  slow: (() => Promise<void> | undefined) | undefined;

  read(): void {
    this.events.push("read");
  }

  write(message: Uint8Array, last = false): Promise<void> | undefined {
    this.events.push(`write ${text(message)}${last ? " last" : ""}`);
    return this.slow?.();
  }

  halfClose(): void {
    this.events.push("half-close");
  }

  cancel(): void {
    this.events.push("cancel");
  }
}

function deferred() {
  const heard: string[] = [];
  const listener: ClientStreamListener = {
    onHeader: () => heard.push("header"),
    onMessage: (message) => heard.push(`message ${text(message)}`),
    onEnd: ({ status }) => heard.push(`end ${status}`),
  };
  const stream = new RecordedStream();
  const call = new DeferredClientStream(request, listener, () => heard.push("nobody waits"));
  return { call, stream, heard, attach: () => call.attach(() => stream) };
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("DeferredClientStream", () => {
  it("does on the stream what was done before there was one, in order", async () => {
    const { call, stream, attach } = deferred();
    call.read();
    void call.write(Buffer.from("one"));
    void call.write(Buffer.from("two"));
    call.halfClose();
    attach();
    await settled();
    expect(stream.events).toEqual(["read", "write one", "write two last"]);
  });

  it("half-closes by itself when there was no message", async () => {
    const { call, stream, attach } = deferred();
    call.halfClose();
    attach();
    await settled();
    expect(stream.events).toEqual(["half-close"]);
  });

  it("ends with the message that was written as the last", async () => {
    const { call, stream, attach } = deferred();
    void call.write(Buffer.from("only"), true);
    attach();
    await settled();
    expect(stream.events).toEqual(["write only last"]);
  });

  it("hands on at once what comes after that", async () => {
    const { call, stream, attach } = deferred();
    attach();
    await settled();
    expect(call.write(Buffer.from("x"))).toBeUndefined();
    call.read();
    call.halfClose();
    call.cancel();
    expect(stream.events).toEqual(["write x", "read", "half-close", "cancel"]);
  });

  it("makes a writer wait until there is a stream and it has taken what was written", async () => {
    const { call, stream, attach } = deferred();
    let taken = () => {};
    stream.slow = () => new Promise((resolve) => (taken = resolve));
    let waits = true;
    const written = call.write(Buffer.from("one"))?.then(() => (waits = false));
    await settled();
    expect(waits).toBe(true);
    attach();
    await settled();
    expect(waits).toBe(true);
    taken();
    await written;
    expect(stream.events).toEqual(["write one"]);
  });

  it("keeps the order of a message that is written while others are still handed on", async () => {
    const { call, stream, attach } = deferred();
    let taken = () => {};
    stream.slow = () => new Promise((resolve) => (taken = resolve));
    void call.write(Buffer.from("one"));
    attach();
    await settled();
    stream.slow = undefined;
    const second = call.write(Buffer.from("two"), true);
    taken();
    await second;
    expect(stream.events).toEqual(["write one", "write two last"]);
  });

  it("takes the time it waited from the time of the call", () => {
    let now = 1_000;
    const listener = { onHeader: () => {}, onMessage: () => {}, onEnd: () => {} };
    const granted = (waitedMs: number) => {
      const call = new DeferredClientStream(
        request,
        listener,
        () => {},
        () => now,
      );
      now += waitedMs;
      let timeoutMs = 0;
      call.attach((opened) => {
        timeoutMs = opened.timeoutMs;
        return new RecordedStream();
      });
      return timeoutMs;
    };
    expect(granted(0)).toBe(5_000);
    expect(granted(2_000)).toBe(3_000);
    // Its deadline, which this side watches over, will end it.
    expect(granted(6_000)).toBe(1);
  });

  it("is never attached when it was cancelled; whoever waits for it is told", async () => {
    const { call, stream, heard, attach } = deferred();
    const written = call.write(Buffer.from("one"));
    call.cancel();
    await written;
    expect(call.write(Buffer.from("two"))).toBeUndefined();
    attach();
    call.fail((listener) => listener.onEnd({ status: Status.UNAVAILABLE, message: "" }));
    await settled();
    expect(stream.events).toEqual([]);
    expect(heard).toEqual(["nobody waits"]);
  });

  it("lets its writer go and tells its listener when there will be no connection", async () => {
    const { call, heard } = deferred();
    const written = call.write(Buffer.from("one"));
    call.fail((listener) => listener.onEnd({ status: Status.UNAVAILABLE, message: "no server" }));
    await written;
    expect(heard).toEqual([`end ${Status.UNAVAILABLE}`]);
  });

  it("passes on what the stream tells", () => {
    const { call, heard } = deferred();
    call.attach((_, listener) => {
      listener.onHeader(new Metadata());
      listener.onMessage(Buffer.from("x"));
      listener.onEnd({ status: Status.OK, message: "" });
      return new RecordedStream();
    });
    expect(heard).toEqual(["header", "message x", "end 0"]);
  });
});
