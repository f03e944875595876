import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { pinwireSpec } from "../../src/cli/creating/pinwire-spec.js";
import { pinwire } from "../helpers/pinwire.js";
import { tempDirectory } from "../helpers/temp-directory.js";

const root = resolve(import.meta.dirname, "../..");

describe("pinwire new", { timeout: 60_000 }, () => {
  // Names that code which is made from them could stumble over.
  for (const service of ["Greeter", "Server", "ClassService"]) {
    it(`writes a project for ${service} that builds and whose tests pass`, { timeout: 120_000 }, async () => {
      const dir = join(tempDirectory(), "my first project");
      expect(await pinwire(["new", dir, "--service", service])).toMatchObject({ code: 0, stderr: "" });
      linkPackages(dir);
      const bins = [join(dir, "node_modules", ".bin"), join(root, "node_modules", ".bin"), process.env.PATH];
      const env = { ...process.env, PATH: bins.join(delimiter) };
      const run = (program: string, ...args: string[]) => {
        const { status, stdout, stderr } = spawnSync(program, args, { cwd: dir, env, encoding: "utf8" });
        expect(status, `${program} ${args.join(" ")}: ${stdout}${stderr}`).toBe(0);
        return stdout;
      };
      run("buf", "lint", "proto");
      run("buf", "format", "--diff", "--exit-code", "proto");
      run("buf", "generate");
      run("tsc");
      const name = service.replace("Service", "").toLowerCase();
      expect(run("node", "--test", "--test-reporter=tap", `dist/test/${name}.test.js`)).toContain("# pass 3");
      expect(service === "Greeter" ? "" : everything(dir)).not.toMatch(/greeter/i);
    });
  }

  it("finds a change of the schema that breaks others, and names it", async () => {
    const dir = join(tempDirectory(), "demo");
    await pinwire(["new", dir]);
    linkPackages(dir);
    const { scripts } = manifest(dir);
    const run = (script: string) => {
      const [program = "", ...args] = (scripts[script] ?? "").split(" ");
      return spawnSync(join(root, "node_modules", ".bin", program), args, { cwd: dir, encoding: "utf8" });
    };
    expect(run("schema:accept")).toMatchObject({ status: 0 });
    expect(run("schema:check")).toMatchObject({ status: 0 });
    const proto = join(dir, "proto/greeter/v1/greeter.proto");
    writeFileSync(proto, readFileSync(proto, "utf8").replace("uint32 count = 2", "string count = 2"));
    const { status, stdout } = run("schema:check");
    expect(status).not.toBe(0);
    expect(stdout).toContain('Field "2" with name "count" on message "SayManyHellosRequest" changed type');
  });

  it("depends on what it is told to, else, when it is a checkout, on itself as a package in the project, and on the tools this project is tested with", async () => {
    const dir = tempDirectory();
    await pinwire(["new", join(dir, "a")]);
    await pinwire(["new", join(dir, "b"), "--pinwire", "file:/somewhere/pinwire.tgz"]);
    const own = manifest(root);
    expect(manifest(join(dir, "a")).dependencies).toEqual({
      "@bufbuild/protobuf": own.dependencies["@bufbuild/protobuf"],
      pinwire: `file:pinwire-${own.version}.tgz`,
    });
    const listed = spawnSync("tar", ["-tzf", join(dir, "a", `pinwire-${own.version}.tgz`)], { encoding: "utf8" });
    expect(listed.stdout).toContain("package/dist/src/index.js\n");
    expect(manifest(join(dir, "b")).dependencies.pinwire).toBe("file:/somewhere/pinwire.tgz");
    for (const [name, version] of Object.entries(manifest(join(dir, "a")).devDependencies)) {
      expect(own.devDependencies[name], name).toBe(version);
    }
  });

  it("tells programs what it wrote", async () => {
    const dir = join(tempDirectory(), "My_App");
    const { stdout } = await pinwire(["new", dir, "--service", "NotesService", "--json"]);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ directory: dir, project: "my-app", service: "NotesService" });
    expect(result.files).toContain("proto/notes/v1/notes.proto");
    expect(result.files.sort()).toEqual(filesIn(dir).sort());
  });

  it("takes an empty directory, also one under version control", async () => {
    const dir = tempDirectory();
    mkdirSync(join(dir, ".git"));
    expect(await pinwire(["new", dir])).toMatchObject({ code: 0 });
  });

  it("never overwrites anything", async () => {
    const dir = tempDirectory();
    writeFileSync(join(dir, "package.json"), "mine");
    expect(await pinwire(["new", dir])).toEqual({
      code: 9,
      stdout: "",
      stderr: [
        `pinwire: error: ${dir} is not empty: it has "package.json"`,
        "code: ERR_FILE_EXISTS (FAILED_PRECONDITION)",
        "hint: choose a directory that does not exist yet\n",
      ].join("\n"),
    });
    expect(filesIn(dir)).toEqual(["package.json"]);
    expect(readFileSync(join(dir, "package.json"), "utf8")).toBe("mine");
    expect(await pinwire(["new", join(dir, "package.json")])).toMatchObject({
      code: 9,
      stderr: expect.stringContaining("ERR_FILE_UNREADABLE"),
    });
  });

  it("refuses what is no name for a service", async () => {
    const dir = join(tempDirectory(), "demo");
    for (const name of ["notes", "No tes", "../Notes", "Nötes", "N-otes", "N".repeat(41), "$(id)"]) {
      expect(await pinwire(["new", dir, "--service", name]), name).toMatchObject({
        code: 64,
        stdout: "",
        stderr: expect.stringContaining("is not a name for a service\nhint: write a capital"),
      });
    }
    expect(filesIn(join(dir, ".."))).toEqual([]);
  });
});

describe("pinwireSpec()", () => {
  /** The directory of a pinwire that npm has installed from there. */
  function installedFrom(resolved: unknown): string {
    const modules = join(tempDirectory(), "node_modules");
    mkdirSync(join(modules, "pinwire"), { recursive: true });
    const lock = { packages: { "node_modules/pinwire": { version: "1.2.3", resolved } } };
    writeFileSync(join(modules, ".package-lock.json"), JSON.stringify(lock));
    return join(modules, "pinwire");
  }

  it("is the file that pinwire was installed from, wherever that is from the new project", () => {
    const root = installedFrom("file:../downloads/pinwire-1.2.3.tgz");
    expect(pinwireSpec(root, "1.2.3")).toBe(`file:${resolve(root, "../../../downloads/pinwire-1.2.3.tgz")}`);
  });

  it("is its version when it came from a registry, is a checkout, or nobody knows", () => {
    const roots = [
      installedFrom("https://registry.npmjs.org/pinwire/-/pinwire-1.2.3.tgz"),
      installedFrom("file:../../checkout"),
      installedFrom(undefined),
      installedFrom(17),
      tempDirectory(),
    ];
    for (const root of roots) expect(pinwireSpec(root, "1.2.3")).toBe("^1.2.3");
  });
});

/** What `npm install` would bring, from this checkout. buf wants real directories. */
function linkPackages(dir: string): void {
  const modules = join(dir, "node_modules");
  mkdirSync(join(modules, "pinwire"), { recursive: true });
  for (const name of ["@bufbuild", "@types", "typescript"]) {
    symlinkSync(join(root, "node_modules", name), join(modules, name));
  }
  for (const name of ["package.json", "proto"]) {
    cpSync(join(root, name), join(modules, "pinwire", name), { recursive: true });
  }
  symlinkSync(join(root, "dist"), join(modules, "pinwire", "dist"));
  mkdirSync(join(modules, ".bin"));
  symlinkSync(join(root, "dist/src/codegen/protoc-gen-pinwire.js"), join(modules, ".bin", "protoc-gen-pinwire"));
}

function manifest(dir: string) {
  return JSON.parse(readFileSync(join(dir, "package.json"), "utf8"));
}

function filesIn(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1));
}

function everything(dir: string): string {
  const written = filesIn(dir).filter((file) => !/^(node_modules|dist)\//.test(file));
  return written.map((file) => `${file}\n${readFileSync(join(dir, file), "utf8")}`).join("\n");
}
