import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { tempDirectory } from "../helpers/temp-directory.js";
import { missingForWine, startWine, windowsNode } from "./wine.js";

const missing = missingForWine();

/**
 * The built code on Node.js for Windows, under Wine. The programs are tests of their own, which run on a Windows machine as
 * well: docs/transport.md, Windows.
 */
describe.skipIf(missing !== undefined)(`on Windows (skipped without wine and node.exe; missing: ${missing})`, () => {
  beforeAll(startWine, 120_000);

  it.each([
    ["pipes", 18],
    ["files", 12],
    ["commands", 5],
  ])("%s", { timeout: 370_000 }, async (name, tests) => {
    const { code, output } = await resultOf(join(import.meta.dirname, "programs", `${name}.test.mjs`));
    expect(code, output).toBe(0);
    expect(output).toContain(`\n# tests ${tests}\n`);
  });
});

/**
 * Wine 8 itself hangs now and then, or ends a program half-way with code 0 (seen in two of fifty runs): what gave no result
 * is run again. What failed is not.
 */
async function resultOf(program: string) {
  const outputFile = join(tempDirectory(), "output");
  for (let attempt = 1; ; attempt++) {
    const args = ["--test-reporter=tap", "--test-timeout=60000", program];
    const result = await windowsNode(args, { outputFile, timeoutMs: 120_000 });
    if (attempt === 3 || /^ *not ok|^# tests \d/m.test(result.output)) return result;
  }
}
