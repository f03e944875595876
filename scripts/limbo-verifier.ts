import { ConfigError, PeerError } from "../src/errors.js";
import { findPath } from "../src/identity/certification-path.js";
import { checkLeafProfile, endEntityFault, type PeerRole } from "../src/identity/leaf-profile.js";
import { PinSet } from "../src/identity/pin-set.js";
import { RevocationSet } from "../src/identity/revocation-set.js";
import { TrustBundle } from "../src/identity/trust-bundle.js";
import { TrustDomain } from "../src/identity/trust-domain.js";
import { verifyPeer } from "../src/identity/verify-peer.js";
import { type Certificate, parseCertificate } from "../src/x509/certificate.js";
import { decodePem } from "../src/x509/pem.js";
import { X509Error } from "../src/x509/x509-error.js";
import type { LimboCase } from "./limbo.js";
import { isForPeer } from "./limbo-peer-name.js";

/** What became of a case: accepted, or refused at a stage for a reason. */
export type Outcome = { readonly accepted: true } | { readonly accepted: false; readonly reason: string };

/** Any will do: limbo's certificates are of none. */
const trustDomain = TrustDomain.parse("limbo.test");

/**
 * Runs the stages of the verifier that do not need a SPIFFE ID, in the order in which `verifyPeer` does, then compares
 * the peer's name in place of the caller that limbo supposes.
 */
export function runCase(testCase: LimboCase): Outcome {
  try {
    const reason = refusal(testCase);
    return reason === undefined ? { accepted: true } : { accepted: false, reason };
  } catch (error) {
    // The only errors that hostile certificates may cause; any other is a bug and ends the run.
    if (error instanceof X509Error) return { accepted: false, reason: `reading: ${error.message}` };
    if (error instanceof ConfigError) return { accepted: false, reason: `trust bundle: ${error.problem}` };
    throw error;
  }
}

/** Whether the whole verifier refuses the case, as it must: without a SPIFFE ID nobody is a peer. */
export function isRefusedByVerifyPeer(testCase: LimboCase): boolean {
  const [leaf] = decodePem(testCase.peer_certificate, "CERTIFICATE");
  if (leaf === undefined) return false;
  try {
    const chain = [leaf, ...testCase.untrusted_intermediates.flatMap((pem) => decodePem(pem, "CERTIFICATE"))];
    const options = { pins: PinSet.of([]), revoked: RevocationSet.none, now: timeOf(testCase), role: roleOf(testCase) };
    verifyPeer(chain, { bundle: bundleOf(testCase), ...options });
    return false;
  } catch (error) {
    if (error instanceof ConfigError) return true;
    // The empty pin set alone would do it; the leaf rules must have an objection of their own.
    return error instanceof PeerError && !isSvid(leaf);
  }
}

function refusal(testCase: LimboCase): string | undefined {
  const leaf = parse(testCase.peer_certificate);
  const intermediates = testCase.untrusted_intermediates.map(parse);
  const path = findPath(leaf, {
    bundle: bundleOf(testCase),
    intermediates,
    now: timeOf(testCase),
    role: roleOf(testCase),
  });
  if (!path.ok) return `path: ${path.fault}`;
  const fault = endEntityFault(leaf, roleOf(testCase));
  if (fault !== undefined) return `leaf: ${fault}`;
  const names = [
    ...(testCase.expected_peer_name ? [testCase.expected_peer_name] : []),
    ...testCase.expected_peer_names,
  ];
  const absent = names.find((name) => !isForPeer(leaf, name));
  return absent && `name (compared by this script): not for ${absent.value}`;
}

function isSvid(leaf: Buffer): boolean {
  try {
    return (
      checkLeafProfile(parseCertificate(leaf), "server").ok || checkLeafProfile(parseCertificate(leaf), "client").ok
    );
  } catch {
    return false;
  }
}

function parse(pem: string): Certificate {
  const [der, second] = decodePem(pem, "CERTIFICATE");
  if (der === undefined || second !== undefined) throw new Error("the file is not limbo's: not one certificate");
  return parseCertificate(der);
}

function bundleOf({ trusted_certs }: LimboCase): TrustBundle {
  return TrustBundle.fromPem(trustDomain, trusted_certs.join("\n"));
}

/** The certificate that is verified belongs to a server when the verifier acts as its client, and the reverse. */
function roleOf({ validation_kind }: LimboCase): PeerRole {
  return validation_kind === "SERVER" ? "server" : "client";
}

function timeOf({ validation_time }: LimboCase): Date {
  return validation_time ? new Date(validation_time) : new Date();
}
