/** A reason why pinwire ends test cases differently from what limbo expects, on purpose. */
export interface Difference {
  /** What pinwire does; limbo expects the opposite. */
  readonly pinwire: "accepts" | "refuses";
  /** The cases that it explains: their IDs; or, for refusals, a pattern of what pinwire says. */
  readonly cases: readonly string[] | RegExp;
  readonly reason: string;
}

/** docs/x509-differences.md has the same list; a test compares the two. */
export const differences: readonly Difference[] = [
  {
    pinwire: "accepts",
    cases: [
      "crl::revoked-certificate-with-crl",
      "crl::crlnumber-missing",
      "crl::crlnumber-critical",
      "crl::issuer-missing-crlsign",
    ],
    reason:
      "CRLs are no input of this verifier: what is revoked comes to verifyPeer as a RevocationSet, from whoever makes the credentials.",
  },
  {
    pinwire: "accepts",
    cases: ["pathlen::max-chain-depth-0-exhausted", "pathlen::max-chain-depth-1-exhausted"],
    reason:
      "The depth is not an option: every path may have 10 certificates, and a CA limits what is below it by its path length.",
  },
  {
    pinwire: "accepts",
    cases: [
      "rfc5280::aki::leaf-missing-aki",
      "rfc5280::aki::intermediate-missing-aki",
      "rfc5280::aki::cross-signed-root-missing-aki",
      "rfc5280::ski::root-missing-ski",
      "rfc5280::ski::intermediate-missing-ski",
      "webpki::aki::root-with-aki-missing-keyidentifier",
      "webpki::aki::root-with-aki-authoritycertissuer",
      "webpki::aki::root-with-aki-authoritycertserialnumber",
      "webpki::aki::root-with-aki-all-fields",
      "webpki::aki::root-with-aki-ski-mismatch",
    ],
    reason:
      "Key identifiers say which issuer to try first and nothing else; the signature decides. RFC 5280 demands them of CAs, not of verifiers, and many small CAs leave them out.",
  },
  {
    pinwire: "accepts",
    cases: ["rfc5280::nc::permitted-dns-match-noncritical"],
    reason:
      "Name constraints are enforced whether they are critical or not. (Another case of limbo demands just that.)",
  },
  {
    pinwire: "accepts",
    cases: ["rfc5280::pc::ica-noncritical-pc"],
    reason:
      "Certificate policies mean nothing here. A critical policyConstraints is an unknown critical extension and refused; one that its CA marks as ignorable is ignored.",
  },
  {
    pinwire: "accepts",
    cases: [
      "webpki::cn::ipv4-hex-mismatch",
      "webpki::cn::ipv4-leading-zeros-mismatch",
      "webpki::cn::ipv6-uppercase-mismatch",
      "webpki::cn::ipv6-uncompressed-mismatch",
      "webpki::cn::ipv6-non-rfc5952-mismatch",
      "webpki::cn::punycode-not-in-san",
      "webpki::cn::utf8-vs-punycode-mismatch",
      "webpki::cn::not-in-san",
      "webpki::cn::case-mismatch",
    ],
    reason: "The common name is never read, so what it says does not matter.",
  },
  {
    pinwire: "accepts",
    cases: ["webpki::eku::ee-anyeku", "webpki::eku::ee-critical-eku"],
    reason:
      "The leaf carries serverAuth. That anyExtendedKeyUsage is beside it, or that the extension is critical, is forbidden by the rules for public web CAs only; X.509-SVID, section 4.4, allows a critical one.",
  },
  {
    pinwire: "accepts",
    cases: ["webpki::eku::root-has-eku"],
    reason:
      "A CA may carry extendedKeyUsage, which then limits what is below it; here it allows serverAuth. The rules for public web CAs forbid it in a root.",
  },
  {
    pinwire: "accepts",
    cases: [
      "webpki::san::public-suffix-multi-label-wildcard-san",
      "webpki::san::public-suffix-private-namespace-wildcard-san",
    ],
    reason: "DNS names identify nobody here, so there is no list of public suffixes. This script compared the name.",
  },
  {
    pinwire: "accepts",
    cases: ["webpki::san::san-critical-with-nonempty-subject"],
    reason: "RFC 5280 says SHOULD, the rules for public web CAs say MUST; it is harmless either way.",
  },
  {
    pinwire: "accepts",
    cases: ["webpki::malformed-aia"],
    reason: "A non-critical extension that is not used is not read. Nothing is ever fetched from where it points.",
  },
  {
    pinwire: "refuses",
    cases: /: it is a CA certificate$/,
    reason: "X.509-SVID, section 5.2: a CA certificate never authenticates a peer. RFC 5280 alone allows it.",
  },
  {
    pinwire: "refuses",
    cases: /: it has no (keyUsage|extendedKeyUsage)$/,
    reason:
      "X.509-SVID, section 4.3, demands keyUsage, and pinwire demands a purpose too. RFC 5280 alone demands neither.",
  },
  {
    pinwire: "refuses",
    cases: /: its keyUsage lacks keyCertSign$/,
    reason: "X.509-SVID, section 4.3: a CA says keyCertSign. RFC 5280 alone lets a CA without keyUsage sign.",
  },
  {
    pinwire: "refuses",
    cases: /^trust bundle: .* has the critical extension/,
    reason:
      "A trust bundle is refused as a whole when one authority in it is unusable: its owner should know, and mend it.",
  },
  {
    pinwire: "refuses",
    cases: /^trust bundle: .* its serial number is zero$/,
    reason: "RFC 5280, section 4.1.2.2: positive. Some roots of the public web are older than that rule.",
  },
  {
    pinwire: "refuses",
    cases: /: its subjectAltName has more than 32 names$/,
    reason: "An identity needs one name; 32 leave room for DNS names. Big web sites have hundreds.",
  },
];
