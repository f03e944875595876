import { describe, expect, it } from "vitest";
import { leafValidity, rootValidity } from "../../src/ca/validity.js";
import { mintCa } from "../helpers/mint.js";

const now = Date.parse("2026-03-01T12:00:00.700Z");
const day = 86_400_000;
const at = (text: string) => new Date(`2026-${text}Z`);
const issuer = (notBefore: Date, notAfter: Date) => mintCa({ notBefore, notAfter }).certificate;
const root = issuer(at("01-01T00:00:00"), at("12-31T00:00:00"));

describe("leafValidity", () => {
  it("begins five minutes ago and ends when the time to live is over, in whole seconds", () => {
    expect(leafValidity(now, day, root)).toEqual({
      notBefore: at("03-01T11:55:00"),
      notAfter: at("03-02T12:00:00"),
    });
  });

  it("does not begin before its issuer", () => {
    const young = issuer(at("03-01T11:58:00"), at("12-31T00:00:00"));
    expect(leafValidity(now, day, young).notBefore).toEqual(at("03-01T11:58:00"));
  });

  it("does not end after its issuer", () => {
    const old = issuer(at("01-01T00:00:00"), at("03-01T13:00:00"));
    expect(leafValidity(now, day, old).notAfter).toEqual(at("03-01T13:00:00"));
  });

  it.each([0, -1, 999, 90 * day + 1, Number.NaN, Number.POSITIVE_INFINITY])(
    "refuses a time to live of %d ms",
    (ttl) => {
      expect(() => leafValidity(now, ttl, root)).toThrow(
        expect.objectContaining({
          code: "ERR_INVALID_OPTION",
          problem: `a certificate cannot live for ${ttl / 1000} s`,
          hint: "choose a time to live from 1 second to 90 days, for example 24h",
        }),
      );
    },
  );

  it.each([1_000, 90 * day])("takes a time to live of %d ms", (ttl) => {
    const { notAfter } = leafValidity(now, ttl, root);
    expect(notAfter.getTime()).toBe(Math.floor(now / 1000) * 1000 + ttl);
  });

  it("refuses an issuer that has expired", () => {
    const expired = issuer(at("01-01T00:00:00"), at("03-01T11:59:59"));
    expect(() => leafValidity(now, day, expired)).toThrow(
      expect.objectContaining({
        code: "ERR_CERTIFICATE_EXPIRED",
        problem: "the certificate of the CA cannot sign: it expired at 2026-03-01T11:59:59Z",
      }),
    );
  });

  it("refuses an issuer that is not valid yet", () => {
    const future = issuer(at("03-01T12:00:01"), at("12-31T00:00:00"));
    expect(() => leafValidity(now, day, future)).toThrow(
      expect.objectContaining({ code: "ERR_CERTIFICATE_NOT_YET_VALID", hint: "check the clock of this machine" }),
    );
  });
});

describe("rootValidity", () => {
  it("lasts for ten years", () => {
    const { notBefore, notAfter } = rootValidity(now);
    expect([notBefore, notAfter]).toEqual([at("03-01T11:55:00"), new Date("2036-03-01T12:00:00Z")]);
  });
});
