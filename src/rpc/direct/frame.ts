/**
 * The frames of the direct transport (docs/direct-protocol.md): a header of ten bytes, big endian, then the payload.
 *
 * `payload length (u32), type (u8), flags (u8), stream id (u32)`
 */
export const headerBytes = 10;

export const frameTypes = {
  hello: 1,
  open: 2,
  header: 3,
  data: 4,
  end: 5,
  cancel: 6,
  window: 7,
  ping: 8,
  goAway: 9,
} as const;

/** Flags of DATA. */
export const dataFlags = {
  /** The message goes on in the next DATA frame of the stream. */
  more: 1,
  /** The sender sends no further message on this stream. */
  last: 2,
  /** No message at all, only {@link dataFlags.last}. */
  none: 4,
} as const;

/** Flag of OPEN: the method is given by its path, not its index. */
export const openByPath = 1;

/** Flag of OPEN: its metadata is that of the last OPEN of the connection that carried a block worth remembering. */
export const openSameMetadata = 2;

/** A metadata block of at least so many bytes, all of it text, is worth remembering: a token travels once, not with each call. */
export const rememberedBytes = 128;

/** Flag of PING: this is the answer. */
export const pingAck = 1;

/** OPEN before the path and the metadata: method index (u16), timeout in ms (u32), sequence (u32), time (f64). */
export const openBytes = 18;

/** Of a path in OPEN. A longer one names no method that anybody would write. */
export const maxPathBytes = 1_024;

/** A timeout of this many milliseconds means that the caller names none. */
export const noTimeout = 0xffff_ffff;

/**
 * What a message takes of the credit for each of its frames, beside the payload: about what holding it costs. Without it
 * empty messages would be free, and nothing would bound how many of them are under way or wait for a slow reader.
 */
export const frameCostBytes = 64;

/** Credit never exceeds this. */
export const maxWindow = 0x7fff_ffff;

/** Which flags a type may carry; any other ends the connection. */
export const allowedFlags: Readonly<Record<number, number>> = {
  [frameTypes.hello]: 0,
  [frameTypes.open]: openByPath | openSameMetadata,
  [frameTypes.header]: 0,
  [frameTypes.data]: dataFlags.more | dataFlags.last | dataFlags.none,
  [frameTypes.end]: 0,
  [frameTypes.cancel]: 0,
  [frameTypes.window]: 0,
  [frameTypes.ping]: pingAck,
  [frameTypes.goAway]: 0,
};
