import { ConfigError } from "../errors.js";
import { shellWord } from "../files/file-modes.js";
import { PinSet } from "../identity/pin-set.js";
import { TrustBundle } from "../identity/trust-bundle.js";
import type { TrustDomain } from "../identity/trust-domain.js";
import { X509Svid } from "../identity/x509-svid.js";
import { credentialFiles } from "./credential-files.js";
import type { CredentialTexts } from "./read-credential-files.js";

/** The contents of `key.pem` and `cert.pem`. @throws as `X509Svid.fromPem` */
export function parseSvid(
  directory: string,
  { cert, key }: Pick<CredentialTexts, "cert" | "key">,
  now: Date,
): X509Svid {
  const { cert: certFile, key: keyFile } = credentialFiles(directory);
  return X509Svid.fromPem({ certPem: cert, keyPem: key, now, certFile, keyFile });
}

/** The content of `bundle.pem`. @throws ERR_FILE_MALFORMED */
export function parseBundle(directory: string, pem: string, trustDomain: TrustDomain): TrustBundle {
  return TrustBundle.fromPem(trustDomain, pem, credentialFiles(directory).bundle);
}

/** The content of `pins.json`, which may pin nobody yet. @throws ERR_FILE_MALFORMED, ERR_INVALID_PIN, … */
export function parsePins(directory: string, json: string): PinSet {
  return PinSet.parse(json, credentialFiles(directory).pins);
}

/**
 * The content of `pins.json`. An empty set would accept nobody; who wrote it forgot something.
 *
 * @throws ERR_PINS_EMPTY, and as `parsePins`
 */
export function parseRequiredPins(directory: string, json: string): PinSet {
  const pins = parsePins(directory, json);
  if (pins.size > 0) return pins;
  throw new ConfigError(
    "ERR_PINS_EMPTY",
    `${credentialFiles(directory).pins} pins no peer, so nobody could connect`,
    `run: certs-tool pin ${shellWord(directory)} PEER_DIR`,
  );
}
