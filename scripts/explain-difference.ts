import type { LimboCase } from "./limbo.js";
import type { Outcome } from "./limbo-verifier.js";
import { type Difference, differences } from "./x509-differences.js";

export function isAsExpected({ expected_result }: LimboCase, outcome: Outcome): boolean {
  return outcome.accepted === (expected_result === "SUCCESS");
}

/** The written reason for a case that did not end as expected. */
export function explainDifference({ id }: LimboCase, outcome: Outcome): Difference | undefined {
  return differences.find(({ pinwire, cases }) => {
    if (outcome.accepted) return pinwire === "accepts" && !(cases instanceof RegExp) && cases.includes(id);
    return pinwire === "refuses" && (cases instanceof RegExp ? cases.test(outcome.reason) : cases.includes(id));
  });
}
