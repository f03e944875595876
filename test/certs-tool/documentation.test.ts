// The commands in docs/certs-tool.md are run in the order in which they stand there.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import { loadCredentials } from "../../src/credentials/load-credentials.js";
import { built } from "../helpers/built.js";
import { workplace } from "../helpers/certs-tool.js";

const page = readFileSync(resolve(import.meta.dirname, "../../docs/certs-tool.md"), "utf8");
const blocks = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, lines = ""]) => lines);

it("the commands of docs/certs-tool.md work as they are printed", async () => {
  const place = workplace();
  expect(blocks).toHaveLength(3);
  for (const line of blocks.join("").trim().split("\n")) {
    const { code, stderr } = run(place.directory, line);
    expect([line, code, stderr]).toEqual([line, 0, ""]);
  }
  for (const name of ["cli", "greeter"]) {
    await loadCredentials(join(place.directory, "certs", name), { watch: false });
  }
});

function run(cwd: string, line: string) {
  const script = line.replace(/^certs-tool /, '"$0" "$1" ');
  const { status, stderr } = spawnSync("sh", ["-c", script, process.execPath, built("certs-tool/main.js")], {
    cwd,
    encoding: "utf8",
  });
  return { code: status, stderr };
}
