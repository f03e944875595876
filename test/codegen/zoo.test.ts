// What the generator writes for every odd .proto: against files that were looked at once, against Biome, against the type
// checker, and running. `npx vitest run -u test/codegen/zoo.test.ts` writes the files anew; the difference is for a person to read.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { furnishedWorkplace } from "../helpers/certs-tool.js";
import { bufYaml, generatedFiles, generateInto, zooProject } from "../helpers/zoo.js";

const root = resolve(import.meta.dirname, "../..");
const golden = join(import.meta.dirname, "golden");

describe("the generated code of the zoo", { timeout: 60_000 }, () => {
  const project = zooProject();
  const run = (program: string, ...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: project, encoding: "utf8" });
    return { status, output: stdout + stderr };
  };
  beforeAll(() => generateInto(project), 60_000);

  it("takes the policy from the package, as docs/schema-policy.md shows", () => {
    expect(readFileSync(join(root, "docs/schema-policy.md"), "utf8")).toContain(
      `\`\`\`yaml\n# buf.yaml\n${bufYaml}\`\`\``,
    );
    expect(readFileSync(join(project, "src/gen/contracts_pb.ts"), "utf8")).toContain(
      'import { file_pinwire_policy_v1_policy } from "pinwire/gen/pinwire/policy/v1/policy_pb.js";',
    );
    expect(existsSync(join(project, "src/gen/pinwire"))).toBe(false);
  });

  it("is what was looked at, and no more", async () => {
    const names = generatedFiles(project);
    for (const name of names) {
      const text = readFileSync(join(project, "src/gen", name), "utf8");
      await expect(text).toMatchFileSnapshot(join(golden, `${name}.txt`));
    }
    const kept = readdirSync(golden, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".txt"));
    expect(names.map((name) => `${name}.txt`)).toEqual(kept.sort());
  });

  it("is formatted as Biome does it", () => {
    const { formatter } = JSON.parse(readFileSync(join(root, "biome.json"), "utf8"));
    writeFileSync(join(project, "biome.json"), JSON.stringify({ formatter }));
    const files = generatedFiles(project).map((name) => join("src/gen", name));
    const { status, output } = run(join(root, "node_modules/.bin/biome"), "format", ...files);
    expect(output).toContain(`Checked ${files.length} files`);
    expect(status, output).toBe(0);
  });

  it("compiles under every strict flag, and works over a socket, as TypeScript and as JavaScript", async () => {
    generateInto(project, { target: "js+dts", out: "out/gen-js" });
    const program = readFileSync(join(import.meta.dirname, "programs/end-to-end.ts"), "utf8");
    writeFileSync(join(project, "src/end-to-end.ts"), program);
    // The declarations are beside what the compiler writes, and so is the JavaScript when the program runs.
    writeFileSync(join(project, "src/with-js.ts"), program.replaceAll("./gen/", "./gen-js/"));
    // Not even the declarations of pinwire itself are taken on trust.
    const { compilerOptions } = JSON.parse(readFileSync(join(root, "tsconfig.json"), "utf8"));
    const options = {
      ...compilerOptions,
      rootDirs: ["src", "out"],
      rootDir: "src",
      outDir: "out",
      noEmit: false,
      skipLibCheck: false,
    };
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions: options, include: ["src"] }));
    expect(run(join(root, "node_modules/.bin/tsc"), "-p", ".")).toEqual({ status: 0, output: "" });

    const { directory } = await furnishedWorkplace();
    const target = `unix:${join(directory, "run", "zoo.sock")}`;
    const args = [join(directory, "certs/greeter"), join(directory, "certs/cli"), target];
    const [fromTypeScript, fromJavaScript] = ["out/end-to-end.js", "out/with-js.js"].map((path) => {
      const { status, output } = run(process.execPath, path, ...args);
      expect(status, output).toBe(0);
      return JSON.parse(output);
    });
    expect(fromJavaScript).toEqual(fromTypeScript);
    expect(fromTypeScript).toEqual({
      one: ["ONE", "2"],
      split: ["a", "b"],
      join: "ab",
      echo: ["a", "b"],
      table: "idempotent",
      reserved: Array(7).fill("x!"),
      reservedStreams: ["x!", "x!"],
      now: "7",
      store: "structValue",
      wrap: "3",
      proto2: "n 3",
    });
  });
});
