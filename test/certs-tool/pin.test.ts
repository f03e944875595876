import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { furnishedWorkplace, type Workplace } from "../helpers/certs-tool.js";

const pinsOf = ({ directory }: Workplace, name: string) => {
  return JSON.parse(readFileSync(join(directory, "certs", name, "pins.json"), "utf8")).peers;
};
const cliId = "spiffe://local.test/cli";
const newKey = async (place: Workplace): Promise<string> => {
  return JSON.parse(await place.ok(`issue ${cliId} --ca ca --out certs/cli --new-key --json`)).pin;
};

describe("certs-tool pin", () => {
  it("lets each learn the others, and says so when they know each other already", async () => {
    const place = await furnishedWorkplace();
    for (const name of ["cli", "greeter"]) rmSync(join(place.directory, "certs", name, "pins.json"));
    const pin = /sha256\/[\w+/]{43}=/.source;
    const line = (text: string) =>
      `certs/cli: ${text}: ${pin}\ncerts/greeter: ${text.replace("greeter", "cli")}: ${pin}\n`;
    expect(await place.ok("pin certs/cli certs/greeter")).toMatch(
      new RegExp(`^${line("pinned spiffe://local.test/greeter")}$`),
    );
    expect(await place.ok("pin certs/cli certs/greeter")).toMatch(
      new RegExp(`^${line("spiffe://local.test/greeter is pinned already")}$`),
    );
    expect(Object.keys(pinsOf(place, "cli"))).toEqual(["spiffe://local.test/greeter"]);
    expect(Object.keys(pinsOf(place, "greeter"))).toEqual([cliId]);
  });

  it("keeps the old key beside a new one, and drops it only with --force, which prints it", async () => {
    const place = await furnishedWorkplace();
    const old = pinsOf(place, "greeter")[cliId].current;
    const second = await newKey(place);
    expect(await place.ok("pin certs/cli certs/greeter")).toContain(
      `certs/greeter: pinned a second key of ${cliId}: ${old}, next ${second}\n`,
    );
    const third = await newKey(place);
    expect(await place.run("pin certs/cli certs/greeter")).toEqual({
      code: 1,
      stdout: "",
      stderr:
        `certs-tool: error: ${cliId} has a key that is not pinned in certs/greeter, and there is no place beside the pins it has\n` +
        "hint: when the old keys are out of use, run certs-tool pin with --force: it pins the present keys and drops the others\n",
    });
    expect(await place.ok("pin --force certs/cli certs/greeter")).toContain(
      `certs/greeter: pinned ${cliId} anew: ${third}\n` +
        `certs/greeter: dropped ${old} of ${cliId}\ncerts/greeter: dropped ${second} of ${cliId}\n`,
    );
    expect(pinsOf(place, "greeter")).toEqual({ [cliId]: { current: third } });
  });

  it("prepares a change of key without a moment of refusal: the next key is pinned before it is used", async () => {
    const place = await furnishedWorkplace();
    const old = pinsOf(place, "greeter")[cliId].current;
    const { pin } = JSON.parse(await place.ok(`issue ${cliId} --ca ca --out certs/cli-next --json`));
    await place.ok("pin certs/cli certs/cli-next certs/greeter");
    expect(pinsOf(place, "greeter")[cliId]).toEqual({ current: old, next: pin });
    expect(Object.keys(pinsOf(place, "cli-next"))).toEqual(["spiffe://local.test/greeter"]);
  });

  it("is the same whether it is run once or by two at once", async () => {
    const place = await furnishedWorkplace();
    await place.ok("issue spiffe://local.test/web --ca ca --out certs/web");
    const runs = await Promise.all(
      ["pin certs/cli certs/web", "pin certs/web certs/greeter"].map((line) => place.run(line)),
    );
    expect(runs.map(({ code, stderr }) => [code, stderr])).toEqual([
      [0, ""],
      [0, ""],
    ]);
    expect(Object.keys(pinsOf(place, "web"))).toEqual([cliId, "spiffe://local.test/greeter"]);
  });

  it.each([
    ["pin certs/cli certs/none", "certs/none does not exist"],
    ["pin certs/cli ca", "ca/key.pem does not exist"],
    ["pin certs/cli certs/cli", "there is nobody to learn for certs/cli certs/cli"],
  ])("%s fails and says why", async (line, problem) => {
    const place = await furnishedWorkplace();
    const { code, stdout, stderr } = await place.run(line);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(`certs-tool: error: ${problem}\nhint: `);
  });

  it("does not touch pins that it cannot read", async () => {
    const place = await furnishedWorkplace();
    const path = join(place.directory, "certs/cli/pins.json");
    writeFileSync(path, '{"version":1,');
    const { code, stderr } = await place.run("pin --force certs/cli certs/greeter");
    expect([code, stderr]).toEqual([1, expect.stringContaining("hint: mend it by hand, or remove it")]);
    expect(readFileSync(path, "utf8")).toBe('{"version":1,');
  });
});
