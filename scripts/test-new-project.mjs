// Why: what people install is the package, not this checkout. This packs it, installs it in an empty directory as they do,
// and lets `pinwire new` write a project that has to build, pass its tests and run. It would miss what only fails with
// other versions of npm, or when the registry has newer versions of the other packages than it has today.
// Needs the registry of npm, or a cache that has everything.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const checkout = resolve(import.meta.dirname, "..");
// Spaces, because somebody's home directory has them.
const dir = mkdtempSync(join(realpathSync(tmpdir()), "pinwire new "));
const project = join(dir, "demo");
const install = ["install", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];

try {
  const tarball = pack();
  run("npm", ["init", "--yes", "--loglevel=error"], dir);
  run("npm", [...install, tarball], dir);
  run("npx", ["--no-install", "pinwire", "new", "demo"], dir);
  run("npm", install, project);
  run("npm", ["test"], project);
  run("npm", ["run", "lint"], project);
  run("npm", ["run", "schema:accept"], project);
  run("npm", ["run", "schema:check"], project);
  run("npm", ["run", "identities"], project);
  await callServer();
  console.log("a project made from the package builds, passes its tests and runs");
} finally {
  rmSync(dir, { recursive: true, force: true });
}

function pack() {
  const args = ["pack", "--ignore-scripts", "--json", "--loglevel=error", "--pack-destination", dir];
  const [{ filename }] = JSON.parse(run("npm", args, checkout));
  return join(dir, filename);
}

async function callServer() {
  const server = spawn(process.execPath, ["dist/src/server.js"], {
    cwd: project,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => server.once("close", resolve));
  try {
    await Promise.race([firstLine(server), ended.then((code) => Promise.reject(new Error(`server ended: ${code}`)))]);
    const greeting = run("npm", ["run", "--silent", "client", "--", "Ada"], project);
    const expected = "Hello, Ada, known to me as spiffe://local.test/cli\n";
    if (greeting !== expected) throw new Error(`the client printed ${JSON.stringify(greeting)}`);
  } finally {
    server.kill("SIGTERM");
  }
  const code = await ended;
  if (code !== 0) throw new Error(`the server ended with ${code}`);
}

async function firstLine(server) {
  for await (const line of createInterface({ input: server.stdout })) return line;
}

function run(program, args, cwd) {
  console.log(`$ ${program} ${args.join(" ")}`);
  const shell = process.platform === "win32";
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: "utf8", shell, timeout: 300_000 });
  if (status === 0) return stdout;
  throw new Error(`${program} ${args.join(" ")} ended with ${status}\n${stdout}${stderr}`);
}
