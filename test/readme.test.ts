// Why: a README that does not run is worse than none. Its commands and its two programs run here as they stand, but for the
// directory they run in.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { expect, it, onTestFinished } from "vitest";
import { tempDirectory } from "./helpers/temp-directory.js";

const root = resolve(import.meta.dirname, "..");
const readme = readFileSync(join(root, "README.md"), "utf8");

function snippet(name: string): string {
  const found = new RegExp(`<!-- snippet: ${name} -->\n\`\`\`ts\n(.*?)\n\`\`\``, "s").exec(readme)?.[1];
  if (found === undefined) throw new Error(`README.md has no snippet ${name}`);
  return found;
}

it("README: the sixty seconds work, as they stand", { timeout: 60_000 }, async () => {
  const dir = tempDirectory();
  const socket = join(dir, "run", "greeter.sock");
  mkdirSync(join(dir, "node_modules"));
  symlinkSync(root, join(dir, "node_modules", "pinwire"));
  symlinkSync(join(root, "node_modules", "@bufbuild"), join(dir, "node_modules", "@bufbuild"));
  cpSync(join(root, "dist/src/gen"), join(dir, "gen"), { recursive: true });
  writeFileSync(join(dir, "package.json"), '{"type":"module"}');
  for (const name of ["server", "client"]) {
    // Types are all that TypeScript adds here; they are taken off by hand, for Node.js 20.
    const code = snippet(name).replace("const names: string[]", "const names");
    writeFileSync(
      join(dir, `${name}.mjs`),
      code.replaceAll("unix:/run/user/1000/greeter/greeter.sock", `unix:${socket}`),
    );
  }

  const commands = [...readme.matchAll(/^npx certs-tool (.+)$/gm)].map(([, args = ""]) => args.split(" "));
  expect(commands).toHaveLength(4);
  for (const args of commands)
    execFileSync(process.execPath, [join(root, "dist/certs-tool/main.js"), ...args], { cwd: dir });

  const server = spawn(process.execPath, ["server.mjs"], { cwd: dir, stdio: ["ignore", "inherit", "inherit"] });
  const exited = once(server, "exit");
  onTestFinished(async () => {
    server.kill("SIGKILL");
    await exited;
  });
  const lines = await untilAnswered(dir);
  expect(lines).toEqual([
    "Hello, world, known to me as spiffe://local.test/cli",
    "Hello, world, for time 1",
    "Hello, world, for time 2",
    "Hello, world, for time 3",
  ]);
});

/** Runs the client until the server has come up. */
async function untilAnswered(cwd: string): Promise<string[]> {
  for (;;) {
    const client = spawn(process.execPath, ["client.mjs"], { cwd, stdio: ["ignore", "pipe", "pipe"] });
    let stderr = "";
    client.stderr.on("data", (chunk) => (stderr += chunk));
    const lines: string[] = [];
    createInterface({ input: client.stdout }).on("line", (line) => lines.push(line));
    const [code] = await once(client, "close");
    if (code === 0) return lines;
    if (!stderr.includes("UNAVAILABLE")) throw new Error(stderr);
  }
}
