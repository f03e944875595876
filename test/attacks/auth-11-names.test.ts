import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { PeerError } from "../../src/errors.js";
import { checkLeafProfile, claimedId } from "../../src/identity/leaf-profile.js";
import { verifyPeer } from "../../src/identity/verify-peer.js";
import type { NameTemplate } from "../../src/x509/build-extension.js";
import { parseCertificate } from "../../src/x509/certificate.js";
import { encodeName } from "../../src/x509/encode-name.js";
import { decodePem } from "../../src/x509/pem.js";
import { expectRefused } from "../helpers/attack.js";
import { mintCa, mintLeaf } from "../helpers/mint.js";
import { sharedVectors } from "../helpers/shared.js";
import { thrown } from "../helpers/thrown.js";
import { optionsFor } from "../helpers/verify.js";

const uri = (value: string) => ({ kind: "uri", value }) as const;
const own = uri("spiffe://local.test/cli");

/** AUTH-11: no URI name, the common name alone, two URI names. Node's TLS accepts all of them. */
describe("AUTH-11: a peer has exactly one name, and it is a SPIFFE ID", () => {
  const trusted = mintCa();

  test.each<[string, NameTemplate[] | null, string]>([
    ["no subjectAltName", null, "its subjectAltName has no URI"],
    ["a DNS name only", [{ kind: "dns", value: "local.test" }], "its subjectAltName has no URI"],
    [
      "a SPIFFE ID in a name of another kind",
      [
        { kind: "dns", value: "localhost" },
        { kind: "email", value: "spiffe://local.test/cli" },
      ],
      "its subjectAltName has no URI",
    ],
    ["two SPIFFE IDs", [own, uri("spiffe://local.test/admin")], "its subjectAltName has more than one URI"],
    ["a SPIFFE ID and a web address", [own, uri("https://local.test/")], "its subjectAltName has more than one URI"],
    ["a web address and a SPIFFE ID", [uri("https://local.test/"), own], "its subjectAltName has more than one URI"],
    ["the same SPIFFE ID twice", [own, own], "its subjectAltName has more than one URI"],
    // What node shows of this as text begins like a good name.
    [
      "a SPIFFE ID with another behind a comma",
      [uri("spiffe://local.test/cli, URI:spiffe:admin")],
      'its URI "spiffe://local.test/cli, URI:spiffe:admin" is not a SPIFFE ID: its path contains ","',
    ],
    [
      "a SPIFFE ID in other letters",
      [uri("spiffe://LOCAL.test/cli")],
      'its URI "spiffe://LOCAL.test/cli" is not a SPIFFE ID: its trust domain is not in lower case',
    ],
  ])("%s: refused", (_, names, fault) => {
    // A subject, so that a leaf without any name is well-formed too; and a CN that says what the SAN does not.
    const subject = encodeName({ commonName: "spiffe://local.test/cli" });
    const chain = [mintLeaf(trusted, { names, subject })] as const;
    expectRefused({ chain, trusted, code: "ERR_LEAF_PROFILE", fault, openssl: "OK" });
  });

  test("a NUL in the name: refused as malformed", () => {
    const leaf = mintLeaf(trusted, { id: "spiffe://local.test/cli\0.evil" });
    const { code, message } = thrown(PeerError, () => verifyPeer([leaf.der], optionsFor(mintLeaf(trusted), trusted)));
    expect(code).toBe("ERR_CERTIFICATE_MALFORMED");
    expect(message).toBe(
      "certificate 1 of the peer's chain is malformed: subjectAltName: a character that is not printable ASCII",
    );
  });

  const multi = sharedVectors("grpc-go-spiffe/spiffe_multi_uri_san_cert.pem");
  const title =
    multi === undefined ? "skipped: ../shared/vectors is not there" : "grpc-go's certificate with two SPIFFE IDs";

  test.skipIf(multi === undefined)(title, () => {
    const [der = Buffer.alloc(0)] = decodePem(readFileSync(multi ?? "", "utf8"), "CERTIFICATE");
    const certificate = parseCertificate(der);
    expect(claimedId(certificate)).toEqual({ fault: "its subjectAltName has more than one URI" });
    expect(checkLeafProfile(certificate, "client").ok).toBe(false);
  });
});
