// Why: docs/desktop-apps.md is a whole program. It is compiled and run here as it stands.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import { tempDirectory } from "./helpers/temp-directory.js";

const root = resolve(import.meta.dirname, "..");
const page = readFileSync(join(root, "docs/desktop-apps.md"), "utf8");

it("docs/desktop-apps.md: the app makes identities, starts its agent and calls it, again and again", {
  timeout: 60_000,
}, () => {
  const dir = tempDirectory();
  const home = join(dir, "home");
  layOut(dir);
  const flags = ["--strict", "--module", "nodenext", "--target", "es2023", "--types", "node", "--skipLibCheck"];
  const files = ["app.ts", "agent.ts", "identities.ts", "implementation.ts"];
  const tsc = spawnSync(join(root, "node_modules/.bin/tsc"), [...flags, ...files], { cwd: dir, encoding: "utf8" });
  expect(tsc).toMatchObject({ status: 0, stdout: "" });

  // The second time everything is there.
  for (let time = 0; time < 2; time++) {
    const env = { ...process.env, GREETER_HOME: home };
    const { status, stdout, stderr } = spawnSync(process.execPath, ["app.js"], {
      cwd: dir,
      env,
      encoding: "utf8",
      timeout: 20_000,
    });
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: "Hello, Ada, known to me as spiffe://greeter.local/app\n",
      stderr: "",
    });
  }
  for (const name of ["ca/ca.key", "app/key.pem", "agent/key.pem"]) {
    if (process.platform !== "win32") expect(statSync(join(home, name)).mode & 0o777, name).toBe(0o600);
  }
});

function layOut(dir: string): void {
  mkdirSync(join(dir, "node_modules"));
  symlinkSync(root, join(dir, "node_modules", "pinwire"));
  for (const name of ["@bufbuild", "@types"]) {
    symlinkSync(join(root, "node_modules", name), join(dir, "node_modules", name));
  }
  cpSync(join(root, "dist/src/gen"), join(dir, "gen"), { recursive: true });
  writeFileSync(join(dir, "package.json"), '{"type":"module"}');
  for (const name of ["identities", "app", "agent"]) writeFileSync(join(dir, `${name}.ts`), snippet(name));
  writeFileSync(join(dir, "implementation.ts"), implementation);
}

function snippet(name: string): string {
  const found = new RegExp(`<!-- snippet: ${name} -->\n\`\`\`ts\n(.*?)\n\`\`\``, "s").exec(page)?.[1];
  if (found === undefined) throw new Error(`docs/desktop-apps.md has no snippet ${name}`);
  return found;
}

const implementation = `
import type { Implementation } from "pinwire";
import type { GreeterService } from "./gen/hello/v1/greeter_pb.js";

export const implementation: Implementation<typeof GreeterService> = {
  sayHello: ({ name }, { peer }) => ({ greeting: \`Hello, \${name}, known to me as \${peer.id}\` }),
  async *sayManyHellos() {},
  collectHellos: () => ({}),
  async *chat() {},
};
`;
