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
    const found = explanations.find((each) => each.code === code.toUpperCase());
    if (found === undefined) {
      output.error({
        problem: `there is no code ${JSON.stringify(code)}`,
        hint: "run pinwire explain for all of them",
      });
      return Status.NOT_FOUND;
    }
    output.result(found, linesOf(found));
    return exitCode.ok;
  },
});

function linesOf({ code, status, cause, fix }: Explanation): string[] {
  return [code, `status  ${status}`, `cause   ${cause}`, ...(fix ? [`fix     ${fix}`] : [])];
}
