import { type IssueReport, issueCredentials } from "../../src/ca/issue-credentials.js";
import { openLocalCa } from "../../src/ca/open-local-ca.js";
import { shellWord } from "../../src/files/file-modes.js";
import { defineCommand } from "../command.js";
import { parseDuration } from "../duration.js";
import { formatTime } from "../output.js";
import { parseDnsNames, parseSpiffeId } from "../parse-name.js";
import { passphraseFrom } from "../passphrase.js";

export const issueCommand = defineCommand({
  name: "issue",
  summary: "issue an identity (a key and its certificate) into a directory, or renew the one there",
  usage: "SPIFFE_ID --ca DIR --out DIR [--ttl 24h] [--dns NAME]… [--new-key] [--force]",
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
    ["change its key", "certs-tool issue spiffe://local.test/greeter --ca ca --out certs/greeter --new-key"],
  ],
  operands: { name: "SPIFFE_ID", min: 1, max: 1 },
  options: {
    ca: { kind: "required", value: "DIR", help: "the directory that certs-tool init made" },
    out: { kind: "required", value: "DIR", help: "the credentials directory; made with mode 0700" },
    ttl: { kind: "value", value: "TIME", help: "how long it lives, 1s to 90d (default: 24h)" },
    dns: { kind: "list", value: "NAME", help: "a DNS name beside the SPIFFE ID (default: those it has)" },
    "new-key": { kind: "flag", value: "", help: "make a new key; the peers have to pin it" },
    force: { kind: "flag", value: "", help: "replace whatever is in the directory" },
  },
  notes: [
    "It writes key.pem (0600), cert.pem and bundle.pem. pins.json is written by certs-tool pin and left alone here.",
    "A certificate of the same ID, from this CA and with the names asked for, stays as it is while more than a third of its life is left; then it is renewed. A renewal keeps the key, so the pins of it keep matching.",
    "What belongs to another identity or another CA, or cannot be read, is only replaced with --force. With --force the key stays too when it is this identity's.",
    "The certificate never outlives the CA. It is recorded in the CA before it is written.",
  ],
  async run({ operands: [spiffeId = ""], options }, { env, now }) {
    const id = parseSpiffeId(spiffeId);
    const dnsNames = parseDnsNames(options.dns);
    const ttl = options.ttl === undefined ? {} : { ttlMs: parseDuration(options.ttl, "--ttl") };
    const ca = await openLocalCa(options.ca, { now, ...passphraseFrom(env) });
    const report = await issueCredentials(ca, id, options.out, {
      ...ttl,
      ...(dnsNames.length > 0 && { dnsNames }),
      newKey: options["new-key"],
      force: options.force,
    });
    const { outcome, svid, keyIsNew, hasPins, replaced } = report;
    const { pin, notAfter, leaf } = svid;
    const json = { outcome, spiffeId: id, directory: options.out, pin, notAfter, serialNumber: leaf.serialNumber };
    return { json: { ...json, keyIsNew, hasPins, replaced }, lines: linesOf(report, options.out) };
  },
});

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
