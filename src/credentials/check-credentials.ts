import { ConfigError } from "../errors.js";
import { modesApply } from "../files/file-modes.js";
import { findPath } from "../identity/certification-path.js";
import type { PinSet } from "../identity/pin-set.js";
import type { TrustBundle } from "../identity/trust-bundle.js";
import type { X509Svid } from "../identity/x509-svid.js";
import { parseBundle, parseRequiredPins, parseSvid } from "./parse-credentials.js";
import { checkCredentialDirectory, readPart } from "./read-credential-files.js";

/** One thing that was looked at. */
export interface CredentialCheck {
  /** What is so when it is `ok`. */
  readonly name: string;
  /** What is wrong; absent when it is as it should be. */
  readonly error?: ConfigError;
}

export interface CheckReport {
  readonly checks: readonly CredentialCheck[];
  /** The parts that could be read. */
  readonly svid: X509Svid | undefined;
  readonly pins: PinSet | undefined;
}

/** Looks at everything in a credentials directory and reports all faults, where `loadCredentials` stops at the first. */
export async function checkCredentials(directory: string, now: Date): Promise<CheckReport> {
  const checks: CredentialCheck[] = [];
  const check = async <T>(name: string, action: () => Promise<T>): Promise<T | undefined> => {
    try {
      const value = await action();
      checks.push({ name });
      return value;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      checks.push({ name, error });
      return undefined;
    }
  };

  await check(names.directory, () => checkCredentialDirectory(directory));
  const key = await check(names.key, () => readPart(directory, "key"));
  const cert = await check(names.cert, () => readPart(directory, "cert"));
  const svid =
    key !== undefined && cert !== undefined
      ? await check("cert.pem is a valid leaf, and key.pem is its key", async () =>
          parseSvid(directory, { key, cert }, now),
        )
      : undefined;
  if (svid) {
    const bundle = await check("bundle.pem holds certificates of CAs", async () =>
      parseBundle(directory, await readPart(directory, "bundle"), svid.id.trustDomain),
    );
    if (bundle) await check("bundle.pem vouches for cert.pem", async () => checkVouches(directory, bundle, svid, now));
  }
  const pins = await check("pins.json pins at least one peer", async () =>
    parseRequiredPins(directory, await readPart(directory, "pins")),
  );
  if (svid && pins)
    await check("all pinned peers are in the trust domain", async () => checkPeers(directory, pins, svid));
  return { checks, svid, pins };
}

/** What is so when the files could be read. */
const names = modesApply
  ? {
      directory: "the directory is private",
      key: "key.pem is private",
      cert: "cert.pem is there, and others cannot change it",
    }
  : {
      directory: "the directory is there; whom its ACL lets in was not checked",
      key: "key.pem is there",
      cert: "cert.pem is there",
    };

function checkVouches(directory: string, bundle: TrustBundle, { leaf, chain }: X509Svid, now: Date): void {
  const path = findPath(leaf, { bundle, intermediates: chain.slice(1), now });
  if (path.ok) return;
  throw new ConfigError(
    path.code,
    `cert.pem in ${directory} would be refused by peers with the same bundle.pem: ${path.fault}`,
    "issue it anew from the CA of the bundle: certs-tool issue SPIFFE_ID --ca CA_DIR --out DIR --force",
  );
}

function checkPeers(directory: string, pins: PinSet, { id: { trustDomain } }: X509Svid): void {
  const foreign = pins.ids().find((id) => !id.trustDomain.equals(trustDomain));
  if (foreign === undefined) return;
  throw new ConfigError(
    "ERR_WRONG_TRUST_DOMAIN",
    `pins.json in ${directory} pins ${foreign}, which is not in ${trustDomain} and is never accepted`,
    "remove it from pins.json",
  );
}
