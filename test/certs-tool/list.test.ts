import { appendFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { furnishedWorkplace, workplace } from "../helpers/certs-tool.js";
import { has } from "../helpers/tools.js";

describe("certs-tool list", () => {
  it("lists what was issued, the oldest first, without the key of the CA", async () => {
    const place = await furnishedWorkplace();
    await place.ok("issue spiffe://local.test/cli --ca ca --out certs/cli --force");
    rmSync(join(place.directory, "ca", "ca.key"));
    const [heading, ...rows] = (await place.ok("list --ca ca")).trimEnd().split("\n");
    expect(heading).toMatch(/^ISSUED +VALID UNTIL +STATE +SERIAL NUMBER +SPIFFE ID$/);
    expect(rows.map((row) => row.split(/ +/).at(-1))).toEqual([
      "spiffe://local.test/cli",
      "spiffe://local.test/greeter",
      "spiffe://local.test/cli",
    ]);
    const { certificates } = JSON.parse(await place.ok("list --ca ca --json"));
    expect(certificates).toHaveLength(3);
    expect(certificates[0]).toMatchObject({ state: "valid", dnsNames: [], pin: expect.stringMatching(/^sha256\//) });
    expect(Buffer.from(certificates[0].certificate, "base64")[0]).toBe(0x30);
  });

  it("says so when nothing was issued", async () => {
    const place = workplace();
    await place.ok("init --ca ca --trust-domain local.test");
    expect(await place.ok("list --ca ca")).toBe("the CA in ca has issued nothing\n");
    expect(JSON.parse(await place.ok("list --ca ca --json"))).toEqual({ directory: "ca", certificates: [] });
  });

  it.skipIf(!has("faketime"))("tells what has expired", async () => {
    const place = await furnishedWorkplace();
    const { certificates } = JSON.parse(await place.ok("list --ca ca --json", { under: ["faketime", "-f", "+25h"] }));
    expect(certificates.map(({ state }: { state: string }) => state)).toEqual(["expired", "expired"]);
  });

  it("refuses a damaged record and where there is no CA", async () => {
    const place = await furnishedWorkplace();
    appendFileSync(join(place.directory, "ca", "issued.jsonl"), "damaged\n");
    expect((await place.run("list --ca ca")).stderr).toBe(
      "certs-tool: error: ca/issued.jsonl, line 3, is not a record of an issued certificate\n" +
        "hint: restore the file from a backup, or mend the line\n",
    );
    expect((await place.run("list --ca certs")).stderr).toBe(
      "certs-tool: error: there is no CA in certs\nhint: run: certs-tool init --ca certs --trust-domain NAME\n",
    );
  });
});
