import { randomBytes } from "node:crypto";
import { ConfigError } from "../errors.js";

/**
 * A new serial number: 128 random bits as lower-case hex without leading zero octets, the way `Certificate.serialNumber`
 * writes it. RFC 5280, section 4.1.2.2, asks for a positive number of at most 20 octets that the CA uses once; the
 * CA/Browser Forum's baseline (section 7.1) for at least 64 bits from a random generator.
 *
 * @param taken the numbers used before; only a broken random generator (a restored snapshot of a machine) meets them
 * @throws ERR_INVALID_OPTION when `random` keeps returning numbers that were used
 */
export function newSerialNumber(taken: ReadonlySet<string>, random: (size: number) => Buffer = randomBytes): string {
  for (let attempt = 0; attempt < 8; attempt++) {
    const serial = random(16)
      .toString("hex")
      .replace(/^(00)+/, "");
    if (serial !== "" && !taken.has(serial)) return serial;
  }
  throw new ConfigError(
    "ERR_INVALID_OPTION",
    "the random generator returns serial numbers that were used before",
    "check the machine's source of random numbers before anything else is signed",
  );
}

/** The content octets of the DER INTEGER: a zero octet keeps the number positive (X.690, section 8.3). */
export function serialNumberOctets(serial: string): Buffer {
  const octets = Buffer.from(serial, "hex");
  return (octets[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), octets]) : octets;
}
