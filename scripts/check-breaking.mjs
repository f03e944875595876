// Compares the schemas with those of the last release, or of the main branch where there is no release yet: what breaks a
// peer that was built then has to be meant. It misses changes of meaning that are none of shape.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const base = lastTag() ?? mainBranch();
if (base === undefined) {
  console.log("check:breaking: skipped, this clone has neither a tag nor a main branch to compare with");
} else {
  console.log(`check:breaking: compared with ${base}`);
  process.exitCode = compareWith(base);
}

function lastTag() {
  return git("describe", "--tags", "--abbrev=0");
}

/** A checkout of a pull request has the branch only as the remote's. */
function mainBranch() {
  return ["origin/main", "main"].find((name) => git("rev-parse", "--verify", "--quiet", name) !== undefined);
}

/** The files as they were, without cloning: that works in a shallow checkout and in a worktree too. */
function compareWith(commit) {
  const directory = mkdtempSync(join(tmpdir(), "pinwire-breaking-"));
  try {
    const archive = join(directory, "base.tar");
    const base = join(directory, "base");
    mkdirSync(base);
    execFileSync("git", ["archive", "--output", archive, commit]);
    execFileSync("tar", ["-xf", archive, "-C", base]);
    const args = ["breaking", "proto", "--against", join(base, "proto")];
    return spawnSync("buf", args, { stdio: "inherit", shell: process.platform === "win32" }).status ?? 1;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function git(...args) {
  const { status, stdout } = spawnSync("git", args, { encoding: "utf8" });
  return status === 0 && stdout.trim() !== "" ? stdout.trim() : undefined;
}
