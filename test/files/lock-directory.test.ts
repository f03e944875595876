import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { lockDirectory } from "../../src/files/lock-directory.js";
import { tempDirectory } from "../helpers/temp-directory.js";

describe("a directory that is locked", () => {
  it("is rid of what killed writers left, which may be a private key, and of nothing else", async () => {
    const directory = tempDirectory();
    const others = [".key.pem.tmp", "key.pem", ".key.pem.0123456789ab", "notes.0123456789ab.tmp"];
    for (const name of [...others, ".key.pem.0123456789ab.tmp"]) writeFileSync(join(directory, name), "x");
    const seen = await lockDirectory(directory, ".lock", async () => readdirSync(directory));
    expect(seen.filter((name) => !name.startsWith(".lock.")).sort()).toEqual(others.sort());
    expect(seen.filter((name) => name.startsWith(".lock."))).toHaveLength(1);
  });

  it("is one caller's at a time, and given back also when the action fails", async () => {
    const directory = tempDirectory();
    const events: string[] = [];
    const work = (name: string) =>
      lockDirectory(directory, "lock", async () => {
        events.push(`${name} begins`);
        await new Promise(setImmediate);
        events.push(`${name} ends`);
        throw new Error(name);
      });
    const outcomes = await Promise.allSettled([work("one"), work("two")]);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    const [first] = events[0]?.split(" ") ?? [];
    const second = first === "one" ? "two" : "one";
    expect(events).toEqual([`${first} begins`, `${first} ends`, `${second} begins`, `${second} ends`]);
    expect(readdirSync(directory)).toEqual([]);
  });
});
