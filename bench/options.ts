import { parseArgs } from "node:util";
import type { Effort } from "./cases/case.js";

export const usage = `usage: npm run bench -- [--quick] [--rounds N] [--only CASE,…] [--subjects NAME,…] [--baseline NAME] [--json FILE] [--profile DIR]

  --quick      short rounds: a minute or two instead of about twelve
  --rounds     how many rounds a result is the median of (default 15)
  --only       cases, or what their names begin with: "unary" or "unary-100b-64,first-call"
  --subjects   names of files in bench/subjects/
  --baseline   the subject that the ratios refer to (default grpc-js)
  --json       where the results go (default bench-results/latest.json)
  --profile    writes CPU profiles of all Node.js processes there; the numbers are then of no use
  --list       prints the cases and the subjects`;

export interface Options {
  readonly effort: Effort;
  /** Beginnings of names; empty for all. */
  readonly only: readonly string[];
  /** Empty for all. */
  readonly subjects: readonly string[];
  readonly baseline: string;
  readonly json: string;
  readonly profileDirectory: string | undefined;
  readonly list: boolean;
  readonly help: boolean;
}

const thorough: Effort = { rounds: 15, freshRounds: 5, seconds: 0.3, idleConnections: 500 };
const quick: Effort = { rounds: 3, freshRounds: 1, seconds: 0.1, idleConnections: 200 };

/** @throws TypeError for an option that does not exist */
export function parseOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: "boolean", default: false },
      rounds: { type: "string", default: "" },
      only: { type: "string", default: "" },
      subjects: { type: "string", default: "" },
      baseline: { type: "string", default: "grpc-js" },
      json: { type: "string", default: "bench-results/latest.json" },
      profile: { type: "string" },
      list: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  return {
    effort: withRounds(values.quick ? quick : thorough, values.rounds),
    only: names(values.only),
    subjects: names(values.subjects),
    baseline: values.baseline,
    json: values.json,
    profileDirectory: values.profile,
    list: values.list,
    help: values.help,
  };
}

function withRounds(effort: Effort, rounds: string): Effort {
  if (rounds === "") return effort;
  if (!/^[1-9]\d?$/.test(rounds)) throw new TypeError(`--rounds ${rounds} is no number of rounds`);
  return { ...effort, rounds: Number(rounds), freshRounds: Math.min(effort.freshRounds, Number(rounds)) };
}

function names(list: string): string[] {
  return list.split(",").filter((name) => name !== "");
}
