import { ensureLocalCa } from "../../src/ca/create-local-ca.js";
import { noOperands } from "../../src/command-line/command-spec.js";
import { shellWord } from "../../src/files/file-modes.js";
import { defineCommand } from "../command.js";
import { formatTime } from "../output.js";
import { parseDnsNames, parseTrustDomain } from "../parse-name.js";
import { passphraseFrom } from "../passphrase.js";

export const initCommand = defineCommand({
  name: "init",
  summary: "create a certificate authority (CA) for one trust domain",
  usage: "--ca DIR --trust-domain NAME [--dns NAME]…",
  examples: [
    ["a CA for spiffe://local.test/…", "certs-tool init --ca ca --trust-domain local.test"],
    ["one that may also sign DNS names", "certs-tool init --ca ca --trust-domain local.test --dns app.internal"],
    ["with an encrypted key", "PINWIRE_CA_PASSPHRASE=… certs-tool init --ca ca --trust-domain local.test"],
  ],
  operands: noOperands,
  options: {
    ca: { kind: "required", value: "DIR", help: "where the CA is kept; made with mode 0700" },
    "trust-domain": { kind: "required", value: "NAME", help: "the only trust domain that it can sign for" },
    dns: { kind: "list", value: "NAME", help: "a DNS name that it may sign beside localhost, and names below it" },
  },
  notes: [
    "Running it again with the same trust domain and DNS names, and the passphrase if there is one, changes nothing and succeeds. A CA is never replaced: for another trust domain or other DNS names choose another directory.",
    "The CA certificate lives for ten years and has critical name constraints: nothing outside the trust domain and the DNS names is accepted from it, by any verifier.",
    "Whoever reads ca.key can become every identity of the trust domain. Set PINWIRE_CA_PASSPHRASE to encrypt it; every later issue needs it too.",
  ],
  async run({ options }, { env, now }) {
    const trustDomain = parseTrustDomain(options["trust-domain"]);
    const { ca, created } = await ensureLocalCa(options.ca, {
      trustDomain,
      dnsNames: parseDnsNames(options.dns),
      now,
      ...passphraseFrom(env),
    });
    const validUntil = formatTime(ca.notAfter);
    const next = `next: certs-tool issue spiffe://${trustDomain}/NAME --ca ${shellWord(options.ca)} --out certs/NAME`;
    return {
      json: { created, directory: ca.directory, trustDomain, dnsNames: ca.dnsNames, notAfter: ca.notAfter },
      lines: created
        ? [`created the CA of ${trustDomain} in ${ca.directory}, valid until ${validUntil}`, next]
        : [`the CA of ${trustDomain} is in ${ca.directory} already, valid until ${validUntil}; nothing changed`],
    };
  },
});
