import type { PinSet } from "../identity/pin-set.js";
import { RevocationSet } from "../identity/revocation-set.js";
import type { TrustBundle } from "../identity/trust-bundle.js";
import type { X509Svid } from "../identity/x509-svid.js";
import { parseBundle, parsePins, parseRequiredPins, parseSvid } from "./parse-credentials.js";
import { type CredentialTexts, readCredentialFiles } from "./read-credential-files.js";

/** Who we are, whom we trust, which keys they may have, and what was withdrawn: always replaced as a whole. */
export interface CredentialState {
  readonly svid: X509Svid;
  readonly bundle: TrustBundle;
  readonly pins: PinSet;
  readonly revoked: RevocationSet;
}

/** A state and the texts that it was read from. */
export interface CredentialSnapshot {
  readonly texts: CredentialTexts;
  readonly state: CredentialState;
}

/**
 * Reads a credentials directory. What did not change since `previous` is the same object again, and when nothing did,
 * `previous` itself is returned: so whoever holds on to a part can tell by identity that it is still the one in force.
 *
 * A part that did not change is not judged again either. An own leaf that has expired since does not keep a withdrawn pin
 * or a removed authority from taking effect.
 *
 * @throws ConfigError for whatever is wrong with the files
 */
export async function readSnapshot(
  directory: string,
  now: Date,
  previous?: CredentialSnapshot,
): Promise<CredentialSnapshot> {
  const texts = await readCredentialFiles(directory);
  const same = (part: keyof CredentialTexts) => previous?.texts[part] === texts[part];
  if (previous && same("key") && same("cert") && same("bundle") && same("pins")) return previous;

  const old = previous?.state;
  const svid = old && same("key") && same("cert") ? old.svid : parseSvid(directory, texts, now);
  const { trustDomain } = svid.id;
  const keepBundle = old && same("bundle") && old.bundle.trustDomain.equals(trustDomain);
  const bundle = keepBundle ? old.bundle : parseBundle(directory, texts.bundle, trustDomain);
  // At start an empty file is a mistake; later it may be how the last peer is cut off, and must take effect.
  const parse = old === undefined ? parseRequiredPins : parsePins;
  const pins = old && same("pins") ? old.pins : parse(directory, texts.pins);
  return { texts, state: { svid, bundle, pins, revoked: RevocationSet.none } };
}
