import { listIssued } from "../../src/ca/list-issued.js";
import { noOperands } from "../../src/command-line/command-spec.js";
import { defineCommand } from "../command.js";
import { formatTable, formatTime } from "../output.js";

export const listCommand = defineCommand({
  name: "list",
  summary: "list every certificate that a CA has issued",
  usage: "--ca DIR",
  examples: [
    ["all of them, the oldest first", "certs-tool list --ca ca"],
    ["those that are valid now", "certs-tool list --ca ca --json | jq '.certificates[] | select(.state == \"valid\")'"],
  ],
  operands: noOperands,
  options: {
    ca: { kind: "required", value: "DIR", help: "the directory that certs-tool init made" },
  },
  notes: ["The key of the CA is not needed. The certificates themselves are in issued.jsonl and in the JSON."],
  async run({ options }, { now }) {
    const issued = await listIssued(options.ca);
    const certificates = issued.map((record) => ({ ...record, state: stateOf(record.notAfter, now()) }));
    const rows = certificates.map(({ issuedAt, notAfter, state, spiffeId, serialNumber }) => {
      return [formatTime(issuedAt), formatTime(notAfter), state, serialNumber, spiffeId];
    });
    const heading = ["ISSUED", "VALID UNTIL", "STATE", "SERIAL NUMBER", "SPIFFE ID"];
    return {
      json: { directory: options.ca, certificates },
      lines: rows.length === 0 ? [`the CA in ${options.ca} has issued nothing`] : formatTable([heading, ...rows]),
    };
  },
});

function stateOf(notAfter: string, nowMs: number): string {
  return nowMs < Date.parse(notAfter) + 1_000 ? "valid" : "expired";
}
