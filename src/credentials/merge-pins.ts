import { ConfigError } from "../errors.js";
import type { PinEntry } from "../identity/pin-set.js";
import type { SpiffeId } from "../identity/spiffe-id.js";
import type { SpkiPin } from "../identity/spki-pin.js";

export type PinOutcome = "added" | "added-next" | "replaced" | "unchanged";

export interface MergeInput {
  /** For messages. */
  readonly directory: string;
  readonly id: SpiffeId;
  /** What is pinned for the peer, if anything. */
  readonly known: PinEntry | undefined;
  /** The keys that it has now, one or two of them, the one in use first. */
  readonly present: readonly SpkiPin[];
  readonly force: boolean;
}

export interface MergeResult {
  readonly outcome: PinOutcome;
  readonly entry: PinEntry;
  readonly dropped: readonly SpkiPin[];
}

/**
 * What is pinned for a peer after its keys were seen. A pin that is there is never dropped unless that is asked for,
 * because the peer may be running with the key behind it: a second key becomes `next`, and there is no place for a third.
 *
 * @throws ERR_FILE_EXISTS for a third key
 */
export function mergePins({ directory, id, known, present, force }: MergeInput): MergeResult {
  const before = known === undefined ? [] : pinsOf(known);
  const unknown = present.filter((pin) => !before.some((old) => old.equals(pin)));
  const dropped = force ? before.filter((old) => !present.some((pin) => pin.equals(old))) : [];
  if (known !== undefined && unknown.length === 0 && dropped.length === 0) {
    return { outcome: "unchanged", entry: known, dropped };
  }
  const entry = entryOf(force ? present : [...before, ...unknown]);
  if (entry === undefined) throw noPlace(directory, id);
  return { outcome: outcomeOf(before, dropped), entry, dropped };
}

function pinsOf({ current, next }: PinEntry): SpkiPin[] {
  return next === undefined ? [current] : [current, next];
}

function entryOf([current, next, third]: readonly SpkiPin[]): PinEntry | undefined {
  if (current === undefined || third !== undefined) return undefined;
  return next === undefined ? { current } : { current, next };
}

function outcomeOf(before: readonly SpkiPin[], dropped: readonly SpkiPin[]): PinOutcome {
  if (dropped.length > 0) return "replaced";
  return before.length === 0 ? "added" : "added-next";
}

function noPlace(directory: string, id: SpiffeId): ConfigError {
  return new ConfigError(
    "ERR_FILE_EXISTS",
    `${id} has a key that is not pinned in ${directory}, and there is no place beside the pins it has`,
    "when the old keys are out of use, run certs-tool pin with --force: it pins the present keys and drops the others",
  );
}
