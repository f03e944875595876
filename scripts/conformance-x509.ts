/**
 * Runs the test cases of a file in limbo's format (https://x509-limbo.com) through pinwire's certificate verifier, and
 * prints each case that ends differently from what the file expects, with the reason.
 *
 *     npm run conformance:x509 -- FILE
 *
 * Exit code 0: each difference has a written reason (scripts/x509-differences.ts). 1: one has not. 2: no such file.
 *
 * It would miss a fault in what limbo knows nothing of (SPIFFE IDs, pins, revocation: test/identity/ covers them), and a
 * refusal for a wrong reason.
 */
import { readFileSync } from "node:fs";
import { argv, exit, stderr, stdout } from "node:process";
import { explainDifference, isAsExpected } from "./explain-difference.js";
import type { LimboCase, LimboFile } from "./limbo.js";
import { isRefusedByVerifyPeer, type Outcome, runCase } from "./limbo-verifier.js";
import type { Difference } from "./x509-differences.js";

const stages = `Limbo's certificates name hosts, not SPIFFE IDs. Run here: reading the DER, the trust bundle, the path (signatures,
validity, CA rules, path length, name constraints, critical extensions), the rules for leaves that do not concern the
SPIFFE ID; then this script, not pinwire, compares the host name. Not run: CRLs, options of limbo that pinwire does not
have. The whole verifyPeer must refuse every case, for want of a SPIFFE ID; that is checked too.
`;

const [file] = argv.slice(2);
if (file === undefined) fail("usage: npm run conformance:x509 -- FILE");
const { testcases } = readLimbo(file);
stdout.write(`${stages}\n`);
const results = testcases.map((testCase) => ({ testCase, outcome: runCase(testCase) }));
const differing = results.filter(({ testCase, outcome }) => !isAsExpected(testCase, outcome));
const unexplained = differing.filter(({ testCase, outcome }) => report(testCase, outcome) === undefined);
const admitted = testcases.filter((testCase) => !isRefusedByVerifyPeer(testCase));
for (const { id } of admitted) stdout.write(`${id}: verifyPeer DOES NOT REFUSE it for want of a SPIFFE ID\n`);
summarize();
exit(unexplained.length + admitted.length === 0 ? 0 : 1);

function readLimbo(path: string): LimboFile {
  try {
    const parsed = JSON.parse(readFileSync(path, "utf8")) as LimboFile;
    return parsed.version === 1 ? parsed : fail(`${path} is not version 1 of limbo's format`);
  } catch (error) {
    return fail(`${path} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}

/** Prints a difference and returns what explains it. */
function report(testCase: LimboCase, outcome: Outcome): Difference | undefined {
  const explained = explainDifference(testCase, outcome);
  const what = outcome.accepted ? "accepts what limbo refuses" : `refuses what limbo accepts (${outcome.reason})`;
  stdout.write(`${testCase.id}: ${what}\n    ${explained?.reason ?? "NO WRITTEN REASON"}\n`);
  return explained;
}

function summarize(): void {
  const accepting = differing.filter(({ outcome }) => outcome.accepted).length;
  const unexplainedAccepting = unexplained.filter(({ outcome }) => outcome.accepted).length;
  stdout.write(`
${testcases.length} cases, ${testcases.length - differing.length} as limbo expects
${accepting} accepted that limbo refuses, ${unexplainedAccepting} of them without a written reason
${differing.length - accepting} refused that limbo accepts, ${unexplained.length - unexplainedAccepting} of them without a written reason
${testcases.length - admitted.length} refused by the whole verifyPeer
`);
}

function fail(message: string): never {
  stderr.write(`conformance:x509: error: ${message}\n`);
  exit(2);
}
