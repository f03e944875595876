import { ConfigError } from "../errors.js";
import { quote } from "./quote.js";
import { SpiffeId } from "./spiffe-id.js";
import { SpkiPin } from "./spki-pin.js";
import { parseUnambiguousObject } from "./unambiguous-json.js";

/** The pins that one peer may present. */
export interface PinEntry {
  readonly current: SpkiPin;
  /** The pin of its next key, while it changes keys. */
  readonly next?: SpkiPin;
}

export type PinVerdict = "match" | "mismatch" | "not-pinned";

/** The text form, the content of `pins.json`. */
export interface PinSetJson {
  readonly version: 1;
  readonly peers: Readonly<Record<string, { readonly current: string; readonly next?: string }>>;
}

/**
 * Which keys which peers may present. It never changes; `with` and `without` make new ones. A peer that is not in it is
 * not accepted, so the empty set accepts nobody.
 */
export class PinSet {
  readonly #entries: ReadonlyMap<string, { readonly id: SpiffeId; readonly entry: PinEntry }>;

  private constructor(entries: ReadonlyMap<string, { id: SpiffeId; entry: PinEntry }>) {
    this.#entries = entries;
  }

  /** @throws ConfigError ERR_INVALID_PIN when an ID occurs twice */
  static of(entries: Iterable<readonly [SpiffeId, PinEntry]>): PinSet {
    const map = new Map<string, { id: SpiffeId; entry: PinEntry }>();
    for (const [id, entry] of entries) {
      if (map.has(id.toString())) {
        throw new ConfigError("ERR_INVALID_PIN", `${id} is pinned twice`, "pin it once, with current and next");
      }
      map.set(id.toString(), { id, entry });
    }
    return new PinSet(map);
  }

  /**
   * Reads the content of a `pins.json`. An empty `peers` is well-formed; where pins are required, its reader refuses it.
   *
   * @param source the name of the file, for messages
   * @throws ConfigError ERR_FILE_MALFORMED, ERR_INVALID_SPIFFE_ID or ERR_INVALID_PIN
   */
  static parse(json: string, source = "pins.json"): PinSet {
    return PinSet.of(parsePinSet(json, source));
  }

  get size(): number {
    return this.#entries.size;
  }

  /** In the order of their spelling. */
  ids(): readonly SpiffeId[] {
    return this.#sorted().map(({ id }) => id);
  }

  get(id: SpiffeId): PinEntry | undefined {
    return this.#entries.get(id.toString())?.entry;
  }

  /** Whether a peer with this ID may present a key with this pin. Pins are compared in constant time. */
  check(id: SpiffeId, pin: SpkiPin): PinVerdict {
    const entry = this.get(id);
    if (entry === undefined) return "not-pinned";
    // Both are always compared, so that the time does not tell which of them matched.
    const current = entry.current.equals(pin);
    const next = (entry.next ?? entry.current).equals(pin);
    return current || next ? "match" : "mismatch";
  }

  with(id: SpiffeId, entry: PinEntry): PinSet {
    return new PinSet(new Map(this.#entries).set(id.toString(), { id, entry }));
  }

  without(id: SpiffeId): PinSet {
    const entries = new Map(this.#entries);
    entries.delete(id.toString());
    return new PinSet(entries);
  }

  toJSON(): PinSetJson {
    const peers = this.#sorted().map(({ id, entry: { current, next } }) => {
      return [id.toString(), { current: current.toString(), ...(next && { next: next.toString() }) }] as const;
    });
    return { version: 1, peers: Object.fromEntries(peers) };
  }

  #sorted(): { id: SpiffeId; entry: PinEntry }[] {
    return [...this.#entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
  }
}

function parsePinSet(json: string, source: string): [SpiffeId, PinEntry][] {
  const root = fields(
    parseUnambiguousObject(json, (problem) => malformed(source, problem)),
    ["version", "peers"],
    [],
    source,
  );
  if (root.version !== 1) throw malformed(source, `its version is ${quote(root.version)}, not 1`);
  const peers = object(root.peers, source, "peers");
  return Object.entries(peers).map(([id, value]) => {
    const entry = fields(object(value, source, quote(id)), ["current"], ["next"], source);
    return [SpiffeId.parse(id), parseEntry(entry)];
  });
}

function parseEntry({ current, next }: Record<string, unknown>): PinEntry {
  const pin = (value: unknown) => SpkiPin.parse(value as string);
  return next === undefined ? { current: pin(current) } : { current: pin(current), next: pin(next) };
}

function object(value: unknown, source: string, what: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw malformed(source, `${what} is not an object`);
}

function fields(
  value: Record<string, unknown>,
  required: readonly string[],
  optional: readonly string[],
  source: string,
): Record<string, unknown> {
  const unknown = Object.keys(value).find((key) => !required.includes(key) && !optional.includes(key));
  if (unknown !== undefined) throw malformed(source, `unknown field ${quote(unknown)}`);
  const missing = required.find((key) => !Object.hasOwn(value, key));
  if (missing !== undefined) throw malformed(source, `the field ${quote(missing)} is missing`);
  return value;
}

function malformed(source: string, problem: string): ConfigError {
  return new ConfigError(
    "ERR_FILE_MALFORMED",
    `${source} cannot be used: ${problem}`,
    "write it anew with certs-tool pin DIR PEER_DIR",
  );
}
