import { describe, expect, it } from "vitest";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { CliWorld } from "../helpers/cli-world.js";
import { greeter } from "../helpers/greeter-pair.js";
import { clientId } from "../helpers/identities.js";

const services = [{ service: GreeterService, implementation: greeter }];

describe("pinwire top", () => {
  it("shows methods, peers and refusals", async () => {
    const cli = await CliWorld.start(services, { admin: true, roles: { admin: [clientId] } });
    await cli.run("call", ["hello.v1.GreeterService/SayHello", '{"name":"Ada"}', "--proto", "proto"]);
    const { code, stdout } = await cli.run("top", ["--once"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^up \d+s {3}connections \d+ open, \d+ so far {3}calls 1 under way {3}certificate \d+h\d+m left\n/,
    );
    expect(stdout).toMatch(/ +1 +0 +\d+\.\d\d +\d+\.\d\d +\d+\.\d\d {2}\/hello\.v1\.GreeterService\/SayHello\n/);
    expect(stdout).toContain(clientId);
  });

  it("goes on, a line of JSON each time, until its reader leaves", async () => {
    const cli = await CliWorld.start(services, { admin: true, roles: { admin: [clientId] } });
    const running = cli.begin("top", ["--json", "--interval", "50ms"]);
    const lines = await running.lines(3);
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ connections: { open: expect.any(String) } });
    running.child.kill("SIGINT");
    expect((await running.finished).code).toBe(0);
  });

  it("says what to do where it is refused", async () => {
    const cli = await CliWorld.start(services);
    const { code, stderr } = await cli.run("top", ["--once"]);
    expect(code).toBe(7);
    expect(stderr).toMatch(/^pinwire: error: .*permission denied/);
  });
});
