import { nearest } from "../../command-line/nearest.js";
import { Status } from "../../status.js";
import { defineCommand } from "../command.js";
import { exitCode } from "../exit-code.js";
import { type Explanation, readExplanations } from "../explanations.js";

export const explainCommand = defineCommand({
  name: "explain",
  summary: "say what an error code means, and what to do about it",
  usage: "[CODE] [--json]",
  examples: [
    ["what it means, and what to do about it", "pinwire explain ERR_NOT_PINNED"],
    ["every code there is", "pinwire explain"],
  ],
  operands: { name: "CODE", min: 0, max: 1 },
  options: {},
  notes: ["Exit code 5 (NOT_FOUND): there is no such code."],
  async run({ operands: [code] }, { output }) {
    const explanations = readExplanations();
    if (code === undefined) {
      const lines = explanations.map(({ code, cause }) => `${code}  ${cause}`);
      output.result(explanations, lines);
      return exitCode.ok;
    }
    const name = code.toUpperCase();
    const found = explanations.find((each) => each.code === name || each.code === `ERR_${name}`);
    if (found === undefined) {
      output.error({
        problem: `there is no code ${JSON.stringify(code)}`,
        hint: hintFor(name, explanations),
      });
      return Status.NOT_FOUND;
    }
    output.result(found, linesOf(found));
    return exitCode.ok;
  },
});

function hintFor(name: string, explanations: readonly Explanation[]): string {
  const codes = explanations.map(({ code }) => code);
  const near = nearest(name.startsWith("ERR_") ? name : `ERR_${name}`, codes);
  return near.length > 0 ? `did you mean ${near.join(", ")}?` : "run pinwire explain for all of them";
}

function linesOf({ code, status, cause, fix }: Explanation): string[] {
  return [code, `status  ${status}`, `cause   ${cause}`, ...(fix ? [`fix     ${fix}`] : [])];
}
