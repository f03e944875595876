import {
  cancel,
  data,
  end,
  endOfMessages,
  flag,
  frame,
  goAway,
  header,
  hello,
  metadataBlock,
  open,
  ping,
  type,
  window,
} from "./direct-frames.js";
import type { Random } from "./random.js";

/** Limits so small that a few frames reach them. */
export const tightLimits = {
  maxFrameBytes: 20_000,
  maxMessageBytes: 6_000,
  maxMetadataBytes: 5_000,
  maxStreams: 4,
  streamWindowBytes: 4_096,
  connectionWindowBytes: 8_192,
};

const path = "/fuzz.v1.FuzzService/Call";
export const methods = [{ path, fingerprint: Buffer.alloc(8, 1) }];

/** The frames of a client: mostly good ones, in an order that mostly makes sense. */
export function clientFrames(random: Random): Buffer[] {
  const frames = [hello({ limits: limitsOf(random) })];
  let next = 1;
  for (let count = random.below(24); count > 0; count--) {
    const id = idOf(random, next);
    const kind = random.below(20);
    if (kind < 6 || next === 1) {
      frames.push(openOf(random, next));
      next += 2;
    } else if (kind < 12) frames.push(...messageOf(random, id, true));
    else if (kind < 13) frames.push(endOfMessages(id));
    else if (kind < 15) frames.push(cancel(id));
    else frames.push(shared(random, id));
  }
  return frames;
}

/** The frames of a server whose client has opened the streams 1, 3, … below `next`. */
export function serverFrames(random: Random, next: number): Buffer[] {
  const frames: Buffer[] = [];
  for (let count = random.below(20); count > 0; count--) {
    const id = idOf(random, next);
    const kind = random.below(20);
    if (kind < 3) frames.push(frame(type.header, 0, id, metadataOf(random)));
    else if (kind < 10) frames.push(...messageOf(random, id, false));
    else if (kind < 14) frames.push(endOf(random, id));
    else frames.push(shared(random, id));
  }
  return frames;
}

export function serverHello(random: Random): Buffer {
  return hello({ limits: limitsOf(random), methods: random.chance(0.8) ? methods : [] });
}

/** Breaks a sequence in one or two places, most often within a frame. */
export function mutate(random: Random, frames: Buffer[]): void {
  for (let times = random.below(4) >>> 1; times > 0 && frames.length > 0; times--) {
    const at = random.below(frames.length);
    const bytes = frames[at] as Buffer;
    switch (random.below(9)) {
      case 0:
        frames.splice(at, 1);
        break;
      case 1:
        frames.splice(at, 0, Buffer.from(bytes));
        break;
      case 2:
        frames.splice(at, 0, random.bytes(random.below(60)));
        break;
      case 3:
        frames[at] = bytes.subarray(0, random.below(bytes.length + 1));
        break;
      case 4:
        frames.push(...frames.splice(at, 1));
        break;
      case 5:
        if (bytes.length >= 4) bytes.writeUInt32BE(random.chance(0.5) ? random.next() : random.below(100), 0);
        break;
      case 6:
        if (bytes.length >= 10) bytes[4 + random.below(6)] = random.below(random.chance(0.5) ? 12 : 256);
        break;
      default:
        for (let flips = 1 + random.below(4); flips > 0 && bytes.length > 0; flips--) {
          bytes[random.below(bytes.length)] = random.next();
        }
    }
  }
}

/** Cuts bytes into the segments they arrive in; only short sequences come byte by byte. */
export function segments(random: Random, bytes: Buffer): Buffer[] {
  const most = Math.max(random.pick([1, 7, 64, 1_000, 100_000]), bytes.length / 400);
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + random.below(Math.ceil(most));
    found.push(bytes.subarray(at, at + length));
    at += length;
  }
  return found;
}

/** Mostly of a stream that was opened. */
function idOf(random: Random, next: number): number {
  return random.chance(0.99) && next > 1 ? 1 + 2 * random.below((next - 1) / 2) : random.below(12);
}

function shared(random: Random, id: number): Buffer {
  const kind = random.below(100);
  if (kind < 55) return window(random.chance(0.5) ? 0 : id, windowOf(random));
  if (kind < 85) return ping("12345678", random.chance(0.5) ? flag.ack : 0);
  if (kind < 95) return goAway(random.below(8), random.chance(0.5) ? 0 : random.below(256), "text");
  return header(random.below(2) * random.next(), random.below(12), random.below(8), id);
}

function limitsOf(random: Random) {
  if (random.chance(0.7)) return tightLimits;
  return {
    ...tightLimits,
    maxFrameBytes: 16_384 + random.below(100_000),
    streamWindowBytes: 1_024 + random.below(4_000),
  };
}

function openOf(random: Random, id: number): Buffer {
  const method = random.chance(0.6) ? 0 : random.chance(0.5) ? path : "/no/such";
  const metadata = random.chance(0.3) ? metadataOf(random) : Buffer.alloc(0);
  return open(id, { method, metadata, timeoutMs: random.below(3) * 1_000, ...(random.chance(0.05) && { sentAt: 0 }) });
}

/** A message in one frame or some, mostly within the credit. */
function messageOf(random: Random, id: number, fromClient: boolean): Buffer[] {
  const frames: Buffer[] = [];
  for (let parts = random.below(4); parts > 0; parts--) {
    frames.push(data(id, Buffer.alloc(1 + random.below(random.chance(0.9) ? 600 : 9_000)), flag.more));
  }
  const last = fromClient && random.chance(0.3) ? flag.last : 0;
  frames.push(data(id, Buffer.alloc(random.below(random.chance(0.9) ? 600 : 9_000)), last));
  return frames;
}

function endOf(random: Random, id: number): Buffer {
  if (random.chance(0.5)) return end(id, random.below(random.chance(0.9) ? 17 : 256));
  const message = Buffer.from("why it ended").subarray(random.below(12));
  const head = Buffer.from([random.below(17), 0, message.length]);
  const trailer = random.chance(0.5) ? metadataOf(random) : Buffer.alloc(0);
  return frame(type.end, 0, id, Buffer.concat([head, message, trailer]));
}

function metadataOf(random: Random): Buffer {
  const pairs = Array.from({ length: random.below(4) }, () => {
    const binary = random.chance(0.3);
    const value = binary ? random.bytes(random.below(40)) : "v".repeat(random.below(random.chance(0.95) ? 40 : 6_000));
    return [binary ? "key-bin" : "key", value] as const;
  });
  return metadataBlock(...pairs);
}

function windowOf(random: Random): number {
  return random.chance(0.95) ? 1 + random.below(10_000) : random.pick([0, 0x7fff_ffff, random.next()]);
}
