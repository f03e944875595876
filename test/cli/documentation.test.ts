// Why: a command that nobody can read about does not exist, and one that is described otherwise than it is does harm.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { commands } from "../../src/cli/commands.js";
import { Status } from "../../src/status.js";

const page = readFileSync(resolve(import.meta.dirname, "../../docs/cli.md"), "utf8");
/** The commands that no other page is about. */
const ownCommands = ["new", "call", "list", "describe", "health", "explain"];

describe("docs/cli.md", () => {
  for (const { name, load } of commands) {
    it(`has pinwire ${name}, and each of its options unless another page is about it`, async () => {
      expect(page).toMatch(new RegExp(`^\\| .*\`pinwire ${name}[ \`].*\\|$`, "m"));
      const { options } = await load();
      for (const option of ownCommands.includes(name) ? Object.keys(options) : []) {
        expect(page, option).toContain(`--${option}`);
      }
    });
  }

  it("names no command that does not exist", () => {
    const named = [...page.matchAll(/(?:`|^|npx )pinwire ((?:policy |audit )?[a-z]+)/gm)].map(([, name]) => name);
    const known = new Set(commands.map(({ name }) => name));
    expect(named.length).toBeGreaterThan(ownCommands.length);
    expect(named.filter((name) => name === undefined || !known.has(name))).toEqual([]);
  });

  it("has every status with its number", () => {
    for (const [name, number] of Object.entries(Status)) {
      if (number !== Status.OK) expect(page).toContain(`${number} \`${name}\``);
    }
  });
});
