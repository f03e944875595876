import { ConfigError } from "../errors.js";
import { validityFault } from "../identity/validity.js";
import type { Certificate } from "../x509/certificate.js";

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** A leaf lives a day: a key that leaked is worth little tomorrow, and renewing keeps being practised. */
export const defaultTtlMs = dayMs;
const minTtlMs = 1_000;
/** Longer ones would need a revocation list that every peer reads. */
const maxTtlMs = 90 * dayMs;
/** Machines (and the host and its virtual machines) whose clocks differ by less than this understand each other. */
const backdatingMs = 5 * minuteMs;
const rootYears = 10;

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/**
 * The validity of a leaf: from five minutes ago to `ttlMs` from now, and never outside its issuer's.
 *
 * @throws ERR_INVALID_OPTION when `ttlMs` is out of bounds; ERR_CERTIFICATE_EXPIRED or ERR_CERTIFICATE_NOT_YET_VALID for
 * an issuer that cannot sign now
 */
export function leafValidity(nowMs: number, ttlMs: number, issuer: Certificate): Validity {
  if (!Number.isFinite(ttlMs) || ttlMs < minTtlMs || ttlMs > maxTtlMs) {
    throw new ConfigError(
      "ERR_INVALID_OPTION",
      `a certificate cannot live for ${ttlMs / 1000} s`,
      "choose a time to live from 1 second to 90 days, for example 24h",
    );
  }
  checkCanSign(issuer, new Date(nowMs));
  const now = wholeSeconds(nowMs);
  return {
    notBefore: new Date(Math.max(now - backdatingMs, issuer.notBefore.getTime())),
    notAfter: new Date(Math.min(wholeSeconds(now + ttlMs), issuer.notAfter.getTime())),
  };
}

/** The validity of a root that is made now. */
export function rootValidity(nowMs: number): Validity {
  const now = wholeSeconds(nowMs);
  const notAfter = new Date(now);
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + rootYears);
  return { notBefore: new Date(now - backdatingMs), notAfter };
}

function checkCanSign(issuer: Certificate, now: Date): void {
  const outdated = validityFault(issuer, now);
  if (outdated === undefined) return;
  const hint =
    outdated.code === "ERR_CERTIFICATE_EXPIRED"
      ? "create a new CA: certs-tool init --ca NEW_DIR --trust-domain NAME"
      : "check the clock of this machine";
  throw new ConfigError(outdated.code, `the certificate of the CA cannot sign: ${outdated.fault}`, hint);
}

/** X.509 times have no fractions. */
function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
