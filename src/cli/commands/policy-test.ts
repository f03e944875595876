import { defineCommand } from "../command.js";
import { exitCode } from "../exit-code.js";
import { type PolicyCase, readCases, runCase } from "../policy-cases.js";
import { policyFromFile, readText } from "../policy-from-file.js";

/** As test runners do; no status of gRPC means "not as expected". */
const notAsExpected = 1;

export const policyTestCommand = defineCommand({
  name: "policy test",
  summary: "check a policy file against what it is expected to decide",
  usage: "CASES.json --policy FILE",
  examples: [["before a policy goes live", "pinwire policy test cases.json --policy policy.json"]],
  operands: { name: "CASES.json", min: 1, max: 1 },
  options: { policy: { kind: "required", value: "FILE", help: "the policy, in gRPC's JSON (gRFC A43)" } },
  notes: [
    'CASES.json is a list: [{"peer": "spiffe://local.test/cli", "method": "/hello.v1.GreeterService/SayHello", "expect": "allow"}]. A case may also have "headers", the name of the "rule" that is to decide, and "shadow": what it would be with the shadow rules.',
    "Exit code 0: all as expected. 1: not all.",
  ],
  async run({ operands: [path = ""], options }, { output }) {
    const policy = await policyFromFile(options.policy);
    const cases = readCases(await readText(path), path);
    const rows = cases.map((wanted) => ({ wanted, ...runCase(policy, wanted) }));
    const failed = rows.filter(({ fault }) => fault !== undefined).length;
    const json = rows.map(({ wanted, result, fault }) => ({
      ok: fault === undefined,
      expect: wanted.expect,
      fault,
      ...result,
    }));
    const width = Math.max(...cases.map(({ peer }) => peer.toString().length));
    const summary = failed === 0 ? `all ${rows.length} as expected` : `${failed} of ${rows.length} not as expected`;
    output.result({ ok: failed === 0, cases: rows.length, failed, results: json }, [
      ...rows.flatMap(({ wanted, fault }) => linesOf(wanted, fault, width)),
      summary,
    ]);
    return failed === 0 ? exitCode.ok : notAsExpected;
  },
});

function linesOf({ expect, peer, method }: PolicyCase, fault: string | undefined, width: number): string[] {
  const line = `${expect.padEnd(5)}  ${peer.toString().padEnd(width)}  ${method}`;
  return fault === undefined ? [`ok      ${line}`] : [`FAILED  ${line}`, `        ${fault}`];
}
