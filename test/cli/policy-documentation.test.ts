// Why: docs/policy.md shows a policy, cases and what the commands say about them. All of it is run here.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import { built } from "../helpers/built.js";
import { tempDirectory } from "../helpers/temp-directory.js";

const page = readFileSync(resolve(import.meta.dirname, "../../docs/policy.md"), "utf8");
const [policy = "", cases = ""] = [...page.matchAll(/^```json\n([\s\S]*?)^```$/gm)].map(([, text]) => text);
const session = /^```sh\n([\s\S]*?)^```$/m.exec(page)?.[1] ?? "";

it("docs/policy.md shows what the commands print", () => {
  const directory = tempDirectory();
  writeFileSync(join(directory, "policy.json"), policy);
  writeFileSync(join(directory, "cases.json"), cases);
  const shown = session.trim().split("\n\n");
  expect(shown).toHaveLength(2);
  for (const step of shown) {
    const [command = "", ...output] = step.split("\n");
    const [, ...words] = command.split(" ");
    const { stdout, stderr } = spawnSync(process.execPath, [built("src/cli/main.js"), ...words], {
      encoding: "utf8",
      cwd: directory,
    });
    expect(stderr).toBe("");
    expect(stdout.trimEnd().split("\n")).toEqual(output.map((line) => line.slice("# ".length)));
  }
});
