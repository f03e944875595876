import { describe, expect, test } from "vitest";
import { validityFault } from "../../src/identity/validity.js";
import { mintCa } from "../helpers/mint.js";

const { certificate } = mintCa({
  notBefore: new Date("2030-01-01T00:00:00Z"),
  notAfter: new Date("2030-01-02T00:00:00Z"),
});
const early = { code: "ERR_CERTIFICATE_NOT_YET_VALID", fault: "it is not valid before 2030-01-01T00:00:00Z" };
const late = { code: "ERR_CERTIFICATE_EXPIRED", fault: "it expired at 2030-01-02T00:00:00Z" };

describe("validityFault", () => {
  test.each([
    ["2029-12-31T23:59:59.999Z", early],
    ["2030-01-01T00:00:00.000Z", undefined],
    ["2030-01-01T12:00:00.000Z", undefined],
    ["2030-01-02T00:00:00.000Z", undefined],
    ["2030-01-02T00:00:00.999Z", undefined],
    ["2030-01-02T00:00:01.000Z", late],
  ])("at %s", (now, fault) => {
    expect(validityFault(certificate, new Date(now))).toEqual(fault);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])("a moment that is none (%s) is outside", (time) => {
    expect(validityFault(certificate, new Date(time))).toEqual(late);
  });
});
