import { type CheckReport, checkCredentials } from "../../src/credentials/check-credentials.js";
import { defineCommand } from "../command.js";
import { formatTime } from "../output.js";

export const verifyCommand = defineCommand({
  name: "verify",
  summary: "check a credentials directory: permissions, key, certificate, bundle, pins",
  usage: "DIR",
  examples: [
    ["is it ready to be used?", "certs-tool verify certs/greeter"],
    [
      "what is wrong with it, for a script",
      "certs-tool verify certs/greeter --json | jq '.checks[] | select(.ok | not)'",
    ],
  ],
  operands: { name: "DIR", min: 1, max: 1 },
  options: {},
  notes: [
    "Exit code 0 means that loadCredentials accepts the directory now, and that its bundle vouches for its leaf.",
  ],
  async run({ operands: [directory = ""] }, { now }) {
    const report = await checkCredentials(directory, new Date(now()));
    const failed = report.checks.flatMap(({ error }) => (error === undefined ? [] : [error]));
    const first = failed[0];
    return {
      json: { directory, ok: first === undefined, ...summaryOf(report), checks: report.checks.map(jsonOf) },
      lines: [...report.checks.map(lineOf), ...(first === undefined ? readyLines(report) : [])],
      ...(first && { failure: { problem: `${directory} is not usable: ${first.problem}`, hint: first.hint } }),
    };
  },
});

function summaryOf({ svid, pins }: CheckReport): object {
  return { spiffeId: svid?.id, pin: svid?.pin, notAfter: svid?.notAfter, peers: pins?.ids() };
}

function jsonOf({ name, error }: CheckReport["checks"][number]): object {
  if (error === undefined) return { name, ok: true };
  return { name, ok: false, code: error.code, problem: error.problem, hint: error.hint };
}

function lineOf({ name, error }: CheckReport["checks"][number]): string {
  return error === undefined ? `ok      ${name}` : `failed  ${name}: ${error.message}`;
}

function readyLines({ svid, pins }: CheckReport): string[] {
  if (svid === undefined || pins === undefined) return [];
  return [`${svid.id}, valid until ${formatTime(svid.notAfter)}, accepts ${pins.ids().join(", ")}`];
}
