// Builds what is not built yet. npm runs this after `npm ci`, but also when npx first finds a bin of this checkout; a build
// that is up to date is left alone then, because programs may be running from it.
import { execFileSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";

const sources = [
  "src",
  "certs-tool",
  "examples",
  "bench",
  "scripts",
  "package.json",
  "tsconfig.json",
  "tsconfig.build.json",
];

if (newest(sources) > builtAt())
  execFileSync("npm", ["run", "build"], { stdio: "inherit", shell: process.platform === "win32" });

function builtAt() {
  // Written last by the build.
  return statSync("dist/built", { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function newest(paths) {
  return Math.max(...paths.map((path) => (statSync(path).isDirectory() ? newestIn(path) : statSync(path).mtimeMs)));
}

function newestIn(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Math.max(...files.map((entry) => statSync(`${entry.parentPath}/${entry.name}`).mtimeMs));
}
