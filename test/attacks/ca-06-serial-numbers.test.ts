// CA-06: 100,000 serial numbers from the function that `issue` takes them from: none repeats, all are positive and fit into
// 20 octets. `sort | uniq -d` counts. `npm run test:ca-100000` issues as many certificates, which takes minutes.
import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";
import { newSerialNumber, serialNumberOctets } from "../../src/ca/serial-number.js";
import { parseCertificate } from "../../src/x509/certificate.js";
import { generateKeys } from "../../src/x509/keys.js";
import { localCa } from "../helpers/local-ca.js";

it("100,000 serial numbers are different, positive and short", () => {
  const serials = Array.from({ length: 100_000 }, () => newSerialNumber(new Set()));
  expect(spawnSync("sh", ["-c", "sort | uniq -d"], { input: `${serials.join("\n")}\n`, encoding: "utf8" }).stdout).toBe(
    "",
  );
  const octets = serials.map(serialNumberOctets);
  expect(octets.every((number) => number.length <= 20 && (number[0] ?? 0xff) < 0x80)).toBe(true);
  expect(octets.every((number) => number.some((octet) => octet !== 0))).toBe(true);
});

it("every bit of them is random", () => {
  const numbers = Array.from({ length: 10_000 }, () => BigInt(`0x${newSerialNumber(new Set())}`));
  const shares = Array.from({ length: 128 }, (_, bit) => {
    return numbers.filter((number) => (number >> BigInt(bit)) & 1n).length / numbers.length;
  });
  // Ten standard deviations around one half.
  expect(shares.filter((share) => share < 0.45 || share > 0.55)).toEqual([]);
});

const issues = Number(process.env.PINWIRE_ISSUES ?? 20);

it(`a CA issues ${issues} certificates with ${issues} numbers`, { timeout: 20_000 + issues * 50 }, async () => {
  const ca = await localCa();
  const { publicKey } = generateKeys();
  for (let n = 0; n < issues; n++) await ca.certify("spiffe://local.test/cli", publicKey);
  const issued = (await ca.issued()).map(({ certificate }) => parseCertificate(Buffer.from(certificate, "base64")));
  expect(issued).toHaveLength(issues);
  expect(new Set(issued.map(({ serialNumber }) => serialNumber)).size).toBe(issues);
});
