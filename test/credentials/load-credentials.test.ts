import { chmodSync, copyFileSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { loadCredentials } from "../../src/credentials/load-credentials.js";
import { asUser, canChangeUser, nobody } from "../helpers/as-user.js";
import { pinnedPair } from "../helpers/local-ca.js";
import { mintCa, mintLeaf } from "../helpers/mint.js";

const load = (directory: string) => loadCredentials(directory, { watch: false });

describe("loadCredentials", () => {
  it("loads what certs-tool writes", async () => {
    const { cli, ca } = await pinnedPair();
    const credentials = await load(cli);
    const { svid, bundle, pins, revoked } = credentials.current();
    expect(String(svid.id)).toBe("spiffe://local.test/cli");
    expect(bundle.toPem()).toBe(ca.bundle.toPem());
    expect(pins.ids().map(String)).toEqual(["spiffe://local.test/greeter"]);
    expect(revoked.size).toBe(0);
    expect([credentials.svid.current(), credentials.bundle.current(), credentials.pins.current()]).toEqual([
      svid,
      bundle,
      pins,
    ]);
  });

  it("does not print the private key", async () => {
    const { cli } = await pinnedPair();
    const credentials = await load(cli);
    const secret = readFileSync(join(cli, "key.pem"), "utf8").split("\n")[1] ?? "";
    expect(inspect(credentials, { depth: 12, showHidden: true })).not.toContain(secret);
    expect(JSON.stringify(credentials.current())).not.toContain(secret);
  });

  it("follows files that are symbolic links of our own", async () => {
    const { cli, greeter } = await pinnedPair();
    for (const file of ["key.pem", "cert.pem"]) {
      rmSync(join(cli, file));
      symlinkSync(join(greeter, file), join(cli, file));
    }
    expect(String((await load(cli)).current().svid.id)).toBe("spiffe://local.test/greeter");
  });
});

describe("loadCredentials refuses", () => {
  it.each([
    ["key.pem", "run: certs-tool issue SPIFFE_ID --ca CA_DIR --out DIR"],
    ["cert.pem", "run: certs-tool issue SPIFFE_ID --ca CA_DIR --out DIR"],
    ["bundle.pem", "run: certs-tool issue SPIFFE_ID --ca CA_DIR --out DIR"],
    ["pins.json", "run: certs-tool pin DIR PEER_DIR"],
  ])("a missing %s", async (file, hint) => {
    const { cli } = await pinnedPair();
    rmSync(join(cli, file));
    await expect(load(cli)).rejects.toMatchObject({
      code: "ERR_FILE_MISSING",
      problem: `${join(cli, file)} does not exist`,
      hint: hint.replace("DIR", cli).replace(`--ca CA_${cli}`, "--ca CA_DIR").replace("--out DIR", `--out ${cli}`),
    });
  });

  it.each([
    ["key.pem", "ERR_KEY_UNSUPPORTED"],
    ["cert.pem", "ERR_FILE_MALFORMED"],
    ["bundle.pem", "ERR_FILE_MALFORMED"],
    ["pins.json", "ERR_FILE_MALFORMED"],
  ])("a half-written %s, wherever it is cut", async (file, code) => {
    const { cli } = await pinnedPair();
    const path = join(cli, file);
    const whole = readFileSync(path);
    // The last line end alone does not make a file half-written.
    for (const length of [0, 1, 30, whole.length >> 1, whole.length - 30, whole.length - 2]) {
      writeFileSync(path, whole.subarray(0, length));
      await expect(load(cli), `cut at ${length}`).rejects.toMatchObject({
        code,
        problem: expect.stringContaining(path),
      });
    }
  });

  it("the key of another leaf", async () => {
    const { cli, greeter } = await pinnedPair();
    copyFileSync(join(greeter, "key.pem"), join(cli, "key.pem"));
    await expect(load(cli)).rejects.toMatchObject({
      code: "ERR_KEY_MISMATCH",
      problem: `${join(cli, "key.pem")} is not the key of ${join(cli, "cert.pem")}`,
      hint: expect.stringContaining("certs-tool issue"),
    });
  });

  it("an expired leaf, and one that is not valid yet", async () => {
    const now = Date.parse("2026-03-01T12:00:00Z");
    const { cli } = await pinnedPair({ now: () => now });
    const at = (text: string) => loadCredentials(cli, { watch: false, now: () => Date.parse(text) });
    await expect(at("2026-03-02T12:00:01Z")).rejects.toMatchObject({
      code: "ERR_CERTIFICATE_EXPIRED",
      problem: `${join(cli, "cert.pem")}: it expired at 2026-03-02T12:00:00Z`,
    });
    await expect(at("2026-03-01T11:54:59Z")).rejects.toMatchObject({
      code: "ERR_CERTIFICATE_NOT_YET_VALID",
      problem: `${join(cli, "cert.pem")}: it is not valid before 2026-03-01T11:55:00Z`,
    });
    await at("2026-03-02T12:00:00Z");
  });

  it("a leaf that breaks the profile", async () => {
    const { cli } = await pinnedPair();
    const root = mintCa();
    const leaf = mintLeaf(root, { keyUsage: null });
    writeFileSync(join(cli, "cert.pem"), leaf.pem);
    writeFileSync(join(cli, "key.pem"), leaf.keyPem);
    await expect(load(cli)).rejects.toMatchObject({
      code: "ERR_LEAF_PROFILE",
      problem: `${join(cli, "cert.pem")}: it has no keyUsage`,
    });
  });

  it.each([
    ["key.pem", 0o644, "chmod 600"],
    ["key.pem", 0o640, "chmod 600"],
    ["cert.pem", 0o666, "chmod go-w"],
    ["bundle.pem", 0o664, "chmod go-w"],
    ["pins.json", 0o622, "chmod go-w"],
  ])("%s with mode %o", async (file, mode, command) => {
    const { cli } = await pinnedPair();
    const path = join(cli, file);
    chmodSync(path, mode);
    await expect(load(cli)).rejects.toMatchObject({ code: "ERR_FILE_NOT_PRIVATE", hint: `run: ${command} ${path}` });
  });

  it("a directory in which others can exchange files", async () => {
    const { cli } = await pinnedPair();
    chmodSync(cli, 0o777);
    await expect(load(cli)).rejects.toMatchObject({
      code: "ERR_DIRECTORY_NOT_PRIVATE",
      hint: `run: chmod 700 ${cli}`,
    });
  });

  it.skipIf(!canChangeUser)("the directory of another user", async () => {
    const { cli } = await pinnedPair();
    chmodSync(join(cli, ".."), 0o755);
    chmodSync(cli, 0o755);
    await asUser(nobody, () => expect(load(cli)).rejects.toMatchObject({ code: "ERR_FILE_UNREADABLE" }));
  });

  it.each([
    ['{"version":1,"peers":{}}', "ERR_PINS_EMPTY", "pins no peer, so nobody could connect"],
    ["", "ERR_FILE_MALFORMED", "it is not JSON"],
    ["[]", "ERR_FILE_MALFORMED", "it is not an object"],
    ['{"version":2,"peers":{}}', "ERR_FILE_MALFORMED", "its version is"],
    ['{"version":1,"peers":{},"more":1}', "ERR_FILE_MALFORMED", 'unknown field "more"'],
    ['{"version":1}', "ERR_FILE_MALFORMED", "peers"],
    ['{"version":1,"peers":{"spiffe://local.test/x":{"current":"sha256/AAAA"}}}', "ERR_INVALID_PIN", "is not a pin"],
    ['{"version":1,"peers":{"spiffe://local.test/x":{}}}', "ERR_FILE_MALFORMED", "current"],
    ['{"version":1,"peers":{"x":{"current":"sha256/AAAA"}}}', "ERR_INVALID_SPIFFE_ID", "is not a SPIFFE ID"],
  ])("the pins %s", async (json, code, problem) => {
    const { cli } = await pinnedPair();
    writeFileSync(join(cli, "pins.json"), json);
    await expect(load(cli)).rejects.toMatchObject({ code, problem: expect.stringContaining(problem) });
  });

  it("a bundle that holds a leaf in place of a CA", async () => {
    const { cli } = await pinnedPair();
    copyFileSync(join(cli, "cert.pem"), join(cli, "bundle.pem"));
    await expect(load(cli)).rejects.toMatchObject({
      code: "ERR_FILE_MALFORMED",
      problem: expect.stringContaining("it is not a CA certificate"),
    });
  });

  it("a file too large to be what it should be", async () => {
    const { cli } = await pinnedPair();
    truncateSync(join(cli, "bundle.pem"), 2 ** 21);
    await expect(load(cli)).rejects.toMatchObject({ code: "ERR_FILE_MALFORMED" });
  });
});
