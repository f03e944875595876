import { type Inspected, inspect } from "../../src/credentials/inspect.js";
import { defineCommand } from "../command.js";
import { formatTime } from "../output.js";

export const inspectCommand = defineCommand({
  name: "inspect",
  summary: "show what certificates, keys and pins say",
  usage: "FILE|DIR",
  examples: [
    ["a certificate", "certs-tool inspect certs/greeter/cert.pem"],
    ["everything in a credentials directory or a CA", "certs-tool inspect certs/greeter"],
    [
      "the pin of an identity, for a script",
      "certs-tool inspect certs/greeter/cert.pem --json | jq -r '.items[0].pin'",
    ],
  ],
  operands: { name: "FILE|DIR", min: 1, max: 1 },
  options: {},
  notes: ["Nothing is verified; certs-tool verify does that. Private keys are not shown, only their pins."],
  async run({ operands: [path = ""] }, { now }) {
    const items = await inspect(path, new Date(now()));
    return { json: { path, items }, lines: items.flatMap(linesOf) };
  },
});

function linesOf(item: Inspected): string[] {
  return [item.file, ...fieldsOf(item).map(([name, value]) => `  ${name.padEnd(12)} ${value}`)];
}

function fieldsOf(item: Inspected): [string, string][] {
  switch (item.kind) {
    case "key":
      return [["key", item.type], ...(item.pin === undefined ? [] : [["pin", item.pin] as [string, string]])];
    case "pins":
      return Object.entries(item.peers).map(([id, { current, next }]) => {
        return ["peer", `${id} ${current}${next === undefined ? "" : `, next ${next}`}`];
      });
    case "certificate":
      return certificateFields(item);
  }
}

function certificateFields(item: Extract<Inspected, { kind: "certificate" }>): [string, string][] {
  const fields: [string, string | undefined][] = [
    ["SPIFFE ID", item.spiffeId],
    ["not a leaf", item.ca ? undefined : item.leafFault],
    ["CA", item.ca ? item.subject : undefined],
    ["issuer", item.issuer],
    ["serial", item.serialNumber],
    ["valid", `${formatTime(item.notBefore)} to ${formatTime(item.notAfter)} (${item.state})`],
    ["names", item.names.join(", ")],
    ["may sign", item.permittedNames?.join(", ")],
    ["key usage", [...item.keyUsage, ...item.extendedKeyUsage].join(", ")],
    ["pin", item.pin],
    ["SHA-256", item.sha256],
  ];
  return fields.filter((field): field is [string, string] => field[1] !== undefined && field[1] !== "");
}
