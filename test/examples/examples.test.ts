import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { built } from "../helpers/built.js";
import { ExampleWorld, Program } from "../helpers/example-processes.js";

describe("the example programs", () => {
  it("serve and call all four kinds, one line of JSON per response", async () => {
    const world = await ExampleWorld.make();
    await world.startServer();
    const expected: Record<string, number> = { unary: 1, server: 4, client: 1, bidi: 4 };
    for (const [kind, count] of Object.entries(expected)) {
      const client = world.startClient("--kind", kind, "--name", "Ada", "--count", "4");
      expect(await client.exited).toEqual({ code: 0, signal: null });
      expect(client.stderr).toBe("");
      const responses = client.lines.map((line) => JSON.parse(line));
      expect(responses).toHaveLength(count);
      for (const { greeting } of responses) expect(greeting).toContain("Ada");
    }
  });

  it("say what is wrong on standard error and exit with 1", async () => {
    const world = await ExampleWorld.make();
    const nobody = world.startClient();
    expect(await nobody.exited).toEqual({ code: 1, signal: null });
    expect(nobody.stderr).toMatch(/^ERR_NO_SOCKET: UNAVAILABLE: .*greeter\.sock/);
    const confused = new Program("examples/greeter/client.js", ["--kind", "unary"]);
    expect(await confused.exited).toEqual({ code: 1, signal: null });
    expect(confused.stderr).toContain("usage: example:client");
    const useless = new Program("examples/greeter/server.js", [
      "--credentials",
      world.server,
      "--listen",
      world.target,
    ]);
    expect(await useless.exited).toEqual({ code: 1, signal: null });
    expect(useless.stderr).toContain("--allow SPIFFE_ID");
  });

  it("the demo keeps what it promises, without colour when nobody watches", { timeout: 60_000 }, () => {
    const { status, stdout } = spawnSync(process.execPath, [built("examples/demo/main.js")], { encoding: "utf8" });
    expect(stdout).toContain("9 of 9 checks passed: all as promised");
    expect(stdout).not.toContain("\u001b");
    expect(stdout).not.toContain('"event":"call"');
    for (const code of ["ERR_NO_CERTIFICATE", "ERR_UNKNOWN_ISSUER", "ERR_NOT_PINNED", "ERR_POLICY"]) {
      expect(stdout).toContain(`refused, ${code}`);
    }
    expect(status).toBe(0);
  });
});
