import type { Certificate } from "../x509/certificate.js";

export interface ValidityFault {
  readonly code: "ERR_CERTIFICATE_EXPIRED" | "ERR_CERTIFICATE_NOT_YET_VALID";
  /** Half a sentence about "it". */
  readonly fault: string;
}

/**
 * Whether a certificate is valid at a moment, both ends included (RFC 5280, section 4.1.2.5). Certificates count in whole
 * seconds, so the moment does too: the last second lasts until the next begins.
 *
 * A moment that is no moment (an invalid Date) is outside every validity.
 */
export function validityFault({ notBefore, notAfter }: Certificate, now: Date): ValidityFault | undefined {
  const second = Math.floor(now.getTime() / 1000) * 1000;
  if (second >= notBefore.getTime() && second <= notAfter.getTime()) return undefined;
  if (second < notBefore.getTime()) {
    return { code: "ERR_CERTIFICATE_NOT_YET_VALID", fault: `it is not valid before ${isoSeconds(notBefore)}` };
  }
  return { code: "ERR_CERTIFICATE_EXPIRED", fault: `it expired at ${isoSeconds(notAfter)}` };
}

function isoSeconds(date: Date): string {
  return date.toISOString().replace(".000Z", "Z");
}
