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
  ])("%s", { timeout: 180_000 }, async (name, tests) => {
    const program = join(import.meta.dirname, "programs", `${name}.test.mjs`);
    const { code, output } = await windowsNode(["--test-reporter=tap", "--test-timeout=60000", program], {
      outputFile: join(tempDirectory(), "output"),
      timeoutMs: 170_000,
    });
    expect(output).not.toMatch(/^ *not ok/m);
    expect(output).toContain(`\n# tests ${tests}\n`);
    expect(code, output).toBe(0);
  });
});
