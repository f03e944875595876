import { UsageError } from "../errors.js";
import { envelopeKey } from "./envelope-key.js";

/**
 * A key of binary metadata ends in `-bin`; its values are bytes. All other values are printable ASCII text without spaces
 * around it.
 */
export type BinaryKey = `${string}-bin`;
export type MetadataValue<K extends string> = K extends BinaryKey ? Uint8Array : string;

/**
 * Request metadata, response header or trailer: an ordered multimap of lower-case keys
 * (gRPC over HTTP/2, "Custom-Metadata").
 */
export class Metadata {
  #entries: Map<string, (string | Uint8Array)[]> | undefined;
  /** Whether another metadata may hold the same entries; they are copied before they are changed. */
  #isShared = false;

  /** @throws UsageError ERR_INVALID_METADATA for a key or value that cannot travel */
  static from(init: Readonly<Record<string, string | Uint8Array>>): Metadata {
    const metadata = new Metadata();
    for (const [key, value] of Object.entries(init)) metadata.append(key, value);
    return metadata;
  }

  /** How many keys there are. */
  get size(): number {
    return this.#entries?.size ?? 0;
  }

  /** The first value of a key. */
  get<K extends string>(key: K): MetadataValue<K> | undefined {
    return this.getAll(key)[0];
  }

  /** All values of a key, in their order. */
  getAll<K extends string>(key: K): readonly MetadataValue<K>[] {
    const values = this.#entries?.get(key.toLowerCase()) ?? [];
    // append() and receive() let only bytes in under -bin keys and only text under the others.
    return (this.#isShared ? values.slice() : values) as unknown as readonly MetadataValue<K>[];
  }

  /** Whether a key has a value. */
  has(key: string): boolean {
    return this.#entries?.has(key.toLowerCase()) ?? false;
  }

  /** Replaces all values of a key. @throws UsageError ERR_INVALID_METADATA */
  set(key: string, value: string | Uint8Array): this {
    const name = checkKey(key);
    this.#map().set(name, [checkValue(name, value)]);
    return this;
  }

  /** Adds a value after those the key has. @throws UsageError ERR_INVALID_METADATA */
  append(key: string, value: string | Uint8Array): this {
    const name = checkKey(key);
    this.#push(name, checkValue(name, value));
    return this;
  }

  /** Removes a key with all its values. @returns whether it was there */
  delete(key: string): boolean {
    return this.has(key) && this.#map().delete(key.toLowerCase());
  }

  /** Adds every entry of another metadata, but for what gRPC said in it about that other call. */
  merge(other: Metadata): this {
    for (const [key, value] of other) if (!isPassed(key)) this.#push(key, value);
    return this;
  }

  /**
   * Costs the same however much it holds: nothing is copied before one of the two is changed. Of a metadata that
   * {@link holdsBytes} the bytes stay the same objects.
   * @internal
   */
  clone(): Metadata {
    const copy = new Metadata();
    copy.#entries = this.#entries;
    copy.#isShared = true;
    this.#isShared = true;
    return copy;
  }

  /** Whether it has values that somebody may change in place. @internal */
  get holdsBytes(): boolean {
    for (const key of this.#entries?.keys() ?? []) if (key.endsWith("-bin")) return true;
    return false;
  }

  /** Whether both say the same in the same order. @internal */
  equals(other: Metadata): boolean {
    if (this.size !== other.size) return false;
    const theirs = other.#entries?.entries();
    for (const [key, values] of this.#entries ?? []) {
      const [otherKey, otherValues] = theirs?.next().value ?? [];
      if (key !== otherKey || values.length !== otherValues?.length) return false;
      if (!values.every((value, index) => isSame(value, otherValues[index]))) return false;
    }
    return true;
  }

  /** Every value with its key, in order of the keys' first appearance. */
  *[Symbol.iterator](): IterableIterator<[key: string, value: string | Uint8Array]> {
    if (this.#entries === undefined) return;
    for (const [key, values] of this.#entries) for (const value of values) yield [key, value];
  }

  /**
   * Adds every entry of another metadata of the same call.
   * @internal
   */
  absorb(other: Metadata): this {
    for (const [key, value] of other) this.#push(key, value);
    return this;
  }

  /**
   * Sets a key that gRPC keeps for itself and that metadata may carry.
   * @internal
   */
  setReserved(key: (typeof passed)[number], value: string): this {
    this.#map().set(key, [value]);
    return this;
  }

  /**
   * Adds what a peer sent. What is reserved is dropped instead of refused.
   * @internal
   */
  receive(key: string, value: string | Uint8Array): void {
    if (isReservedKey(key) && !isPassed(key)) return;
    if (key.endsWith("-bin") !== (typeof value !== "string")) return;
    this.#push(key, value);
  }

  #map(): Map<string, (string | Uint8Array)[]> {
    if (this.#entries === undefined) this.#entries = new Map();
    else if (this.#isShared) this.#entries = new Map([...this.#entries].map(([key, values]) => [key, [...values]]));
    this.#isShared = false;
    return this.#entries;
  }

  #push(name: string, value: string | Uint8Array): void {
    const map = this.#map();
    const values = map.get(name);
    if (values === undefined) map.set(name, [value]);
    else values.push(value);
  }
}

/**
 * What the peer's stack says of itself, what gRPC keeps for itself, and what HTTP/2 forbids or sets by itself (RFC 9113
 * section 8.2.2): no business of an application. node:http2 throws for most of them where nobody can catch it.
 */
const reserved: ReadonlySet<string> = new Set([
  ...["content-length", "content-type", "date", "te", "trailer", "user-agent"],
  ...["connection", "http2-settings", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"],
  envelopeKey,
  // Not a key of an object of grpc-js.
  "__proto__",
]);

/** What gRPC says about retries, for whoever wants to read it (gRFC A6, "Exposed Retry Metadata"). Only pinwire sets it. */
const passed = ["grpc-previous-rpc-attempts", "grpc-retry-pushback-ms"] as const;

function isSame(one: string | Uint8Array, other: string | Uint8Array | undefined): boolean {
  if (typeof one === "string" || typeof other === "string" || other === undefined) return one === other;
  return Buffer.compare(one, other) === 0;
}

function isPassed(key: string): boolean {
  return (passed as readonly string[]).includes(key);
}

/** Whether a key is dropped from what a peer sends, and refused in what is sent. @internal */
export function isReservedKey(key: string): boolean {
  return key.startsWith("grpc-") || key.startsWith(":") || reserved.has(key);
}

function checkKey(key: string): string {
  const name = key.toLowerCase();
  if (!/^[0-9a-z_.-]{1,255}$/.test(name)) {
    throw new UsageError(
      "ERR_INVALID_METADATA",
      `metadata key ${JSON.stringify(key)} may only hold up to 255 letters, digits, "_", "-" and "."`,
    );
  }
  if (isReservedKey(name)) {
    throw new UsageError("ERR_INVALID_METADATA", `metadata key ${JSON.stringify(key)} is reserved by gRPC or HTTP/2`);
  }
  return name;
}

function checkValue(name: string, value: string | Uint8Array): string | Uint8Array {
  if (name.endsWith("-bin")) {
    if (value instanceof Uint8Array) return value;
    throw new UsageError("ERR_INVALID_METADATA", `metadata "${name}" ends in -bin, so its value must be a Uint8Array`);
  }
  // The value is not repeated in the message: it may be a secret.
  if (typeof value !== "string" || !/^[\x20-\x7e]*$/.test(value)) {
    throw new UsageError(
      "ERR_INVALID_METADATA",
      `metadata "${name}" must be printable ASCII text; send anything else as bytes under "${name}-bin"`,
    );
  }
  // gRPC lets anybody on the way strip spaces around a text; HTTP/2 drops such a text whole.
  return value.trim();
}
