import { type CertifyReport, certifyRequest } from "../../src/ca/certify-request.js";
import { type IssueReport, issueCredentials } from "../../src/ca/issue-credentials.js";
import { openLocalCa } from "../../src/ca/open-local-ca.js";
import { CommandLineError } from "../../src/command-line/arguments.js";
import { shellWord } from "../../src/files/file-modes.js";
import type { SpiffeId } from "../../src/identity/spiffe-id.js";
import { defineCommand, type Result } from "../command.js";
import { parseDuration } from "../duration.js";
import { formatTime } from "../output.js";
import { parseDnsNames, parseSpiffeId } from "../parse-name.js";
import { passphraseFrom } from "../passphrase.js";

export const issueCommand = defineCommand({
  name: "issue",
  summary: "issue an identity (a key and its certificate) into a directory, or renew the one there",
  usage: "SPIFFE_ID --ca DIR --out DIR [--ttl 24h] [--dns NAME]… [--new-key | --csr FILE] [--force]",
  examples: [
    ["an identity", "certs-tool issue spiffe://local.test/greeter --ca ca --out certs/greeter"],
    [
      "for a server that other gRPC stacks call too",
      "certs-tool issue spiffe://local.test/greeter --ca ca --out certs/greeter --dns localhost",
    ],
    [
      "renew it when it is due, as from cron",
      "certs-tool issue spiffe://local.test/greeter --ca ca --out certs/greeter",
    ],
    [
      "for a key that stays where it is",
      "certs-tool issue spiffe://local.test/greeter --ca ca --out certs/greeter --csr greeter.csr",
    ],
    ["change its key", "certs-tool issue spiffe://local.test/greeter --ca ca --out certs/greeter --new-key"],
  ],
  operands: { name: "SPIFFE_ID", min: 1, max: 1 },
  options: {
    ca: { kind: "required", value: "DIR", help: "the directory that certs-tool init made" },
    out: { kind: "required", value: "DIR", help: "the credentials directory; made with mode 0700" },
    ttl: { kind: "value", value: "TIME", help: "how long it lives, 1s to 90d (default: 24h)" },
    dns: { kind: "list", value: "NAME", help: "a DNS name beside the SPIFFE ID (default: those it has)" },
    "new-key": { kind: "flag", value: "", help: "make a new key; the peers have to pin it" },
    csr: { kind: "value", value: "FILE", help: "certify the key of a PKCS#10 request instead of one made here" },
    force: { kind: "flag", value: "", help: "replace whatever is in the directory" },
  },
  notes: [
    "It writes key.pem (0600), cert.pem and bundle.pem. pins.json is written by certs-tool pin and left alone here.",
    "A certificate of the same ID, from this CA and with the names asked for, stays as it is while more than a third of its life is left; then it is renewed. A renewal keeps the key, so the pins of it keep matching.",
    "What belongs to another identity or another CA, or cannot be read, is only replaced with --force. With --force the key stays too when it is this identity's.",
    "Of a request (--csr) only the public key is used, after its signature has proved that its maker holds the private one. What else it asks for is passed over. Compare the pin that is printed with the holder's.",
    "The certificate never outlives the CA. It is recorded in the CA before it is written.",
  ],
  async run({ operands: [spiffeId = ""], options }, { env, now }) {
    const id = parseSpiffeId(spiffeId);
    const dnsNames = parseDnsNames(options.dns);
    const ttl = options.ttl === undefined ? {} : { ttlMs: parseDuration(options.ttl, "--ttl") };
    if (options.csr !== undefined && options["new-key"]) {
      throw new CommandLineError("--new-key and --csr exclude each other", "leave one of them out");
    }
    const ca = await openLocalCa(options.ca, { now, ...passphraseFrom(env) });
    const choices = { ...ttl, ...(dnsNames.length > 0 && { dnsNames }), force: options.force };
    if (options.csr !== undefined) {
      return csrResult(await certifyRequest(ca, id, options.csr, options.out, choices), id, options.out);
    }
    const report = await issueCredentials(ca, id, options.out, { ...choices, newKey: options["new-key"] });
    const { outcome, svid, keyIsNew, hasPins, replaced } = report;
    const json = jsonOf({ outcome, id, directory: options.out, pin: svid.pin, leaf: svid.leaf, replaced });
    return { json: { ...json, keyIsNew, hasPins }, lines: linesOf(report, options.out) };
  },
});

interface Issued extends Omit<CertifyReport, "leaf"> {
  readonly id: SpiffeId;
  readonly directory: string;
  readonly leaf: { readonly notAfter: Date; readonly serialNumber: string };
}

function jsonOf({ outcome, id, directory, pin, leaf: { notAfter, serialNumber }, replaced }: Issued): object {
  return { outcome, spiffeId: id, directory, pin, notAfter, serialNumber, replaced };
}

function csrResult(report: CertifyReport, id: SpiffeId, directory: string): Result {
  const { outcome, leaf, pin, replaced } = report;
  const done = outcome === "unchanged" ? "already certified" : "certified";
  return {
    json: jsonOf({ ...report, id, directory }),
    lines: [
      `${done} the key of ${id}, valid until ${formatTime(leaf.notAfter)}: cert.pem and bundle.pem in ${directory}`,
      ...replaced.map((what) => `replaced ${what}`),
      `pin ${pin}`,
    ],
  };
}

function linesOf({ outcome, svid, keyIsNew, hasPins, replaced }: IssueReport, directory: string): string[] {
  const validUntil = `valid until ${formatTime(svid.notAfter)}`;
  if (outcome === "unchanged") {
    return [`${directory} holds ${svid.id} already, ${validUntil}; nothing changed (--force issues it anew)`];
  }
  const pinAgain = outcome !== "issued" && keyIsNew;
  const pin = `certs-tool pin ${shellWord(directory)} PEER_DIR`;
  return [
    `${outcome === "renewed" ? "renewed" : "issued"} ${svid.id} in ${directory}, ${validUntil}`,
    ...replaced.map((what) => `replaced ${what}`),
    `pin ${svid.pin}${pinAgain ? " is new: the peers refuse it until they have learnt it" : ""}`,
    ...(pinAgain || !hasPins ? [`next: ${pin}`] : []),
  ];
}
