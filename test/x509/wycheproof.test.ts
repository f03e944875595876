import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { publicKeyFromSpki } from "../../src/x509/public-key-info.js";
import { isSignature } from "../../src/x509/verify-signature.js";
import { sharedVectors } from "../helpers/shared.js";

/** Google's vectors for broken signature verifiers (https://github.com/C2SP/wycheproof). */
interface Vectors {
  readonly testGroups: readonly {
    readonly publicKeyDer: string;
    readonly tests: readonly {
      readonly tcId: number;
      readonly msg: string;
      readonly sig: string;
      readonly result: "valid" | "invalid" | "acceptable";
    }[];
  }[];
}

const pssSha256 =
  "304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120";

describe.each([
  ["ecdsa_secp256r1_sha256_test.json", "300a06082a8648ce3d040302"],
  ["ecdsa_secp384r1_sha384_test.json", "300a06082a8648ce3d040303"],
  ["rsa_signature_2048_sha256_test.json", "300d06092a864886f70d01010b0500"],
  ["rsa_pss_2048_sha256_mgf1_32_test.json", pssSha256],
])("%s", (name, algorithm) => {
  const path = sharedVectors(`wycheproof/${name}`);

  const title = path === undefined ? "skipped: ../shared/vectors is not there" : "every verdict is right";

  test.skipIf(path === undefined)(title, () => {
    const { testGroups } = JSON.parse(readFileSync(path ?? "", "utf8")) as Vectors;
    const wrong: string[] = [];
    for (const { publicKeyDer, tests } of testGroups) {
      const key = publicKeyFromSpki(Buffer.from(publicKeyDer, "hex"));
      for (const { tcId, msg, sig, result } of tests) {
        const verdict = isSignature(
          Buffer.from(msg, "hex"),
          Buffer.from(sig, "hex"),
          Buffer.from(algorithm, "hex"),
          key,
        );
        // "acceptable" is a signature that only a lenient verifier takes; here no verifier may.
        if (verdict !== (result === "valid")) wrong.push(`${tcId}: ${result}, here ${verdict}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});
