import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readCredentialFiles } from "../../src/credentials/read-credential-files.js";
import { tempDirectory } from "../helpers/temp-directory.js";

function replace(directory: string, file: string, content: string): void {
  const temporary = join(directory, "temporary");
  writeFileSync(temporary, content, { mode: 0o600 });
  renameSync(temporary, join(directory, file));
}

it("returns only what was on the disk at one moment", async () => {
  const directory = tempDirectory();
  for (const file of ["key.pem", "cert.pem", "bundle.pem", "pins.json"]) replace(directory, file, "0");
  let writing = true;
  const writer = (async () => {
    // The bundle first: so at no moment are the pins, which are read last, newer than the bundle.
    for (let version = 1; writing; version++) {
      for (const file of ["bundle.pem", "pins.json"]) replace(directory, file, String(version));
      for (let turns = Math.random() * 400; turns > 0; turns--) await new Promise(setImmediate);
    }
  })();
  const read: { bundle: number; pins: number }[] = [];
  while (read.length < 60) {
    const texts = await readCredentialFiles(directory).catch(({ code }) => code);
    // It gives up when it never finds a quiet moment.
    if (texts === "ERR_FILE_UNREADABLE") continue;
    read.push({ bundle: Number(texts.bundle), pins: Number(texts.pins) });
  }
  writing = false;
  await writer;
  expect(read.at(-1)?.bundle).toBeGreaterThan(1);
  expect(read.filter(({ bundle, pins }) => pins !== bundle && pins !== bundle - 1)).toEqual([]);
});
