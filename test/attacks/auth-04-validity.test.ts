import { describe, expect, test } from "vitest";
import { expectRefused } from "../helpers/attack.js";
import { inDays, mintCa, mintLeaf } from "../helpers/mint.js";
import { optionsFor, verify } from "../helpers/verify.js";

/** AUTH-04: an expired leaf, one that is not valid yet; to the second. */
describe("AUTH-04: a leaf counts from its first second to its last", () => {
  const trusted = mintCa({ notBefore: inDays(-30), notAfter: inDays(30) });
  const [start, end] = [inDays(-1), inDays(1)];
  const leaf = mintLeaf(trusted, { notBefore: start, notAfter: end });
  const at = (moment: Date, seconds: number) => new Date(moment.getTime() + seconds * 1_000);
  const iso = (moment: Date) => moment.toISOString().replace(".000", "");

  test.each([
    ["its first second", start],
    ["now", new Date()],
    ["its last second", end],
  ])("accepted in %s", (_, now) => {
    expect(verify([leaf], optionsFor(leaf, trusted, { now })).notAfter).toBe(end.getTime());
  });

  test("refused one second before the first", () => {
    expectRefused({
      chain: [leaf],
      trusted,
      now: at(start, -1),
      code: "ERR_CERTIFICATE_NOT_YET_VALID",
      fault: `it is not valid before ${iso(start)}`,
      openssl: "certificate is not yet valid",
    });
  });

  test("refused one second after the last", () => {
    expectRefused({
      chain: [leaf],
      trusted,
      now: at(end, 1),
      code: "ERR_CERTIFICATE_EXPIRED",
      fault: `it expired at ${iso(end)}`,
      openssl: "certificate has expired",
    });
  });

  test("refused when its CA has expired before it", () => {
    expectRefused({
      chain: [mintLeaf(trusted, { notAfter: inDays(60) })],
      trusted,
      now: inDays(31),
      code: "ERR_CERTIFICATE_EXPIRED",
      fault: /^its issuer \(O=local\.test, CN=pinwire test CA\): it expired at /,
      openssl: "certificate has expired",
    });
  });

  test("refused when it ends before it begins", () => {
    expectRefused({
      chain: [mintLeaf(trusted, { notBefore: end, notAfter: start })],
      trusted,
      code: "ERR_CERTIFICATE_NOT_YET_VALID",
      fault: `it is not valid before ${iso(end)}`,
      openssl: "certificate is not yet valid",
    });
  });
});
