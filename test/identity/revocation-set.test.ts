import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/errors.js";
import { RevocationSet } from "../../src/identity/revocation-set.js";
import { mintCa, mintLeaf } from "../helpers/mint.js";
import { thrown } from "../helpers/thrown.js";

const ca = mintCa();
const { certificate: leaf } = mintLeaf(ca);

describe("RevocationSet", () => {
  test("knows a certificate by its issuer and its serial number", () => {
    const revoked = RevocationSet.of([leaf]);
    expect(revoked.size).toBe(1);
    expect(revoked.has(leaf)).toBe(true);
    expect(revoked.has(mintLeaf(ca).certificate)).toBe(false);
    expect(RevocationSet.none.has(leaf)).toBe(false);
  });

  test("the same number of another issuer is another certificate", () => {
    const other = mintCa({ commonName: "another CA" });
    expect(RevocationSet.of([{ issuer: other.subject, serialNumber: leaf.serialNumber }]).has(leaf)).toBe(false);
  });

  test.each(["1", "7f".repeat(20), "80", "0a"])("a serial number of %s is found however it is written", (hex) => {
    const serialNumber = Buffer.from(hex.length % 2 === 1 ? `0${hex}` : hex, "hex");
    const { certificate } = mintLeaf(ca, { serialNumber: Buffer.concat([Buffer.alloc(1), serialNumber]) });
    for (const spelling of [hex, hex.toUpperCase(), `00${hex}`]) {
      expect(RevocationSet.of([{ issuer: ca.subject, serialNumber: spelling }]).has(certificate)).toBe(true);
    }
  });

  test.each(["", "xyz", "0x1f", "1f:2e", " 1f"])("refuses %j, which would match nothing", (serialNumber) => {
    const error = thrown(ConfigError, () => RevocationSet.of([{ issuer: ca.subject, serialNumber }]));
    expect(error.code).toBe("ERR_INVALID_OPTION");
    expect(error.hint).toBe("write it in hexadecimal digits");
  });
});
