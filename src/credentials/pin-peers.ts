import { realpath } from "node:fs/promises";
import { ConfigError } from "../errors.js";
import { findPath } from "../identity/certification-path.js";
import type { PinEntry, PinSet } from "../identity/pin-set.js";
import type { SpiffeId } from "../identity/spiffe-id.js";
import type { SpkiPin } from "../identity/spki-pin.js";
import { lockCredentials, writePins } from "./credential-files.js";
import { mergePins, type PinOutcome } from "./merge-pins.js";
import { checkCredentialDirectory } from "./read-credential-files.js";
import { type CredentialIdentity, readIdentity, readPinsIfAny } from "./read-identity.js";

export interface PinPeersOptions {
  /** Pin exactly the keys that are there now, and drop the other pins of the same peers. Default false. */
  readonly force?: boolean;
  /** The clock, in milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
}

/** What happened in one directory with the pins of one peer. */
export interface PinReport {
  readonly directory: string;
  readonly peer: SpiffeId;
  readonly outcome: PinOutcome;
  /** What is pinned now. */
  readonly entry: PinEntry;
  /** Pins that were valid before and are not any more; only with `force`. */
  readonly dropped: readonly SpkiPin[];
}

/**
 * Lets the identities in several credentials directories learn each other: the `pins.json` of each gets the SPIFFE ID and
 * the pin of every other. Peers that are pinned already stay, and so do their pins: a second key becomes `next`. Two
 * directories with the same SPIFFE ID stand for its present and its next key. Nothing is written before everything has
 * been checked.
 *
 * @throws ERR_INVALID_OPTION, ERR_FILE_EXISTS when a peer has two pins already and shows a third key, ERR_UNKNOWN_ISSUER,
 * ERR_CHAIN_INVALID or ERR_WRONG_TRUST_DOMAIN for a peer that the bundle does not vouch for, ERR_DIRECTORY_NOT_PRIVATE,
 * ERR_LOCKED, ERR_FILE_WRITE, and what `loadCredentials` throws
 */
export async function pinPeers(directories: readonly string[], options: PinPeersOptions = {}): Promise<PinReport[]> {
  const { force = false, now = Date.now } = options;
  const distinct = await findDistinct(directories);
  if (distinct.size < 2) {
    const problem = `there is nobody to learn for ${directories.join(" ")}`;
    throw new ConfigError("ERR_INVALID_OPTION", problem, "name two or more different credentials directories");
  }
  // In one order for everybody, so that two who lock the same directories never wait for each other.
  const inLockOrder = [...distinct.keys()].sort().flatMap((place) => distinct.get(place) ?? []);
  return lockAll(inLockOrder, async () => {
    const at = new Date(now());
    // In their order, so that of several faults the same one is told every time.
    const identities: CredentialIdentity[] = [];
    for (const directory of distinct.values()) identities.push(await readIdentity(directory, at));
    const plans: Plan[] = [];
    for (const own of identities) plans.push(await planFor(own, identities, { force, at }));
    for (const { directory, pins, changed } of plans) if (changed) await writePins(directory, pins);
    return plans.flatMap(({ reports }) => reports);
  });
}

/** The directories without repetitions, in the order in which they were named, by where they really are. */
async function findDistinct(directories: readonly string[]): Promise<Map<string, string>> {
  const byPlace = new Map<string, string>();
  for (const directory of directories) {
    await checkCredentialDirectory(directory);
    const place = await realpath(directory);
    if (!byPlace.has(place)) byPlace.set(place, directory);
  }
  return byPlace;
}

function lockAll<T>([first, ...rest]: readonly string[], action: () => Promise<T>): Promise<T> {
  return first === undefined ? action() : lockCredentials(first, () => lockAll(rest, action));
}

interface Plan {
  readonly directory: string;
  readonly pins: PinSet;
  readonly changed: boolean;
  readonly reports: readonly PinReport[];
}

async function planFor(
  own: CredentialIdentity,
  all: readonly CredentialIdentity[],
  { force, at }: { force: boolean; at: Date },
): Promise<Plan> {
  const { directory } = own;
  const before = await readPinsIfAny(directory);
  const peers = all.filter(({ svid }) => !svid.id.equals(own.svid.id));
  for (const peer of peers) checkTrusts(own, peer, at);
  const reports = groupById(peers).map(([peer, present]) => {
    return { directory, peer, ...mergePins({ directory, id: peer, known: before.get(peer), present, force }) };
  });
  const pins = reports.reduce((set, { peer, entry }) => set.with(peer, entry), before);
  return { directory, pins, changed: reports.some(({ outcome }) => outcome !== "unchanged"), reports };
}

/** A pin of a peer that the bundle does not vouch for would look right and never match. */
function checkTrusts(
  { directory, bundle }: CredentialIdentity,
  { svid, directory: where }: CredentialIdentity,
  at: Date,
) {
  const hint = "issue both from the same CA: certs-tool issue SPIFFE_ID --ca CA_DIR --out DIR --force";
  if (!svid.id.trustDomain.equals(bundle.trustDomain)) {
    const problem = `${svid.id} in ${where} is not in ${bundle.trustDomain}, the trust domain of ${directory}`;
    throw new ConfigError("ERR_WRONG_TRUST_DOMAIN", problem, hint);
  }
  const path = findPath(svid.leaf, { bundle, intermediates: svid.chain.slice(1), now: at });
  if (path.ok) return;
  const problem = `${directory} does not trust ${svid.id} in ${where}: ${path.fault}`;
  throw new ConfigError(path.code, problem, hint);
}

function groupById(identities: readonly CredentialIdentity[]): [SpiffeId, SpkiPin[]][] {
  const groups = new Map<string, [SpiffeId, SpkiPin[]]>();
  for (const { svid } of identities) {
    const group = groups.get(svid.id.toString()) ?? [svid.id, []];
    groups.set(svid.id.toString(), group);
    if (!group[1].some((pin) => pin.equals(svid.pin))) group[1].push(svid.pin);
  }
  return [...groups.values()];
}
