import {
  chmodSync,
  copyFileSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { issueCredentials } from "../../src/ca/issue-credentials.js";
import { pinPeers } from "../../src/credentials/pin-peers.js";
import { withUmask } from "../helpers/as-user.js";
import { localCa } from "../helpers/local-ca.js";

/** Directories with a leaf each, of one CA. */
async function identities(...names: string[]) {
  const ca = await localCa();
  const directories = names.map((name) => join(ca.directory, "..", name));
  for (const [index, name] of names.entries()) {
    await issueCredentials(ca, `spiffe://local.test/${name.replace("-next", "")}`, directories[index] ?? "");
  }
  const pinsOf = (directory = "") => JSON.parse(readFileSync(join(directory, "pins.json"), "utf8"));
  return { ca, directories, pinsOf };
}

const summary = (reports: Awaited<ReturnType<typeof pinPeers>>) => {
  return reports.map(({ directory, peer, outcome }) => `${directory.split("/").at(-1)} ${outcome} ${peer.path}`);
};

describe("pinPeers", () => {
  it("lets everybody learn everybody else, with mode 0644 under umask 0", async () => {
    const { directories, pinsOf } = await identities("cli", "greeter", "web");
    const reports = await withUmask(0, () => pinPeers(directories));
    expect(summary(reports)).toEqual([
      "cli added /greeter",
      "cli added /web",
      "greeter added /cli",
      "greeter added /web",
      "web added /cli",
      "web added /greeter",
    ]);
    expect(Object.keys(pinsOf(directories[0]).peers)).toEqual([
      "spiffe://local.test/greeter",
      "spiffe://local.test/web",
    ]);
    expect(statSync(join(directories[0] ?? "", "pins.json")).mode & 0o777).toBe(0o644);
    expect(readdirSync(directories[0] ?? "").sort()).toEqual(["bundle.pem", "cert.pem", "key.pem", "pins.json"]);
  });

  it("does not write when everything is pinned already", async () => {
    const { directories } = await identities("cli", "greeter");
    await pinPeers(directories);
    const inode = () => statSync(join(directories[0] ?? "", "pins.json")).ino;
    const before = inode();
    expect(summary(await pinPeers(directories))).toEqual(["cli unchanged /greeter", "greeter unchanged /cli"]);
    expect(inode()).toBe(before);
  });

  it("adds to the peers that are pinned", async () => {
    const { directories, pinsOf } = await identities("cli", "greeter", "web");
    const [cli = "", greeter = "", web = ""] = directories;
    await pinPeers([cli, greeter]);
    await pinPeers([cli, web]);
    expect(Object.keys(pinsOf(cli).peers)).toHaveLength(2);
    expect(Object.keys(pinsOf(greeter).peers)).toHaveLength(1);
  });

  it("takes a new key as next, refuses a third, and forgets the old ones with force", async () => {
    const { ca, directories, pinsOf } = await identities("cli", "greeter");
    const [cli = "", greeter = ""] = directories;
    const newKey = () => issueCredentials(ca, "spiffe://local.test/greeter", greeter, { newKey: true });
    const first = (await pinPeers(directories)).find(({ directory }) => directory === cli)?.entry.current;
    const second = (await newKey()).svid.pin;
    expect(summary(await pinPeers(directories))).toContain("cli added-next /greeter");
    expect(pinsOf(cli).peers["spiffe://local.test/greeter"]).toEqual({ current: `${first}`, next: `${second}` });

    const third = (await newKey()).svid.pin;
    const before = [cli, greeter].map(pinsOf);
    await expect(pinPeers(directories)).rejects.toMatchObject({ code: "ERR_FILE_EXISTS" });
    expect([cli, greeter].map(pinsOf)).toEqual(before);

    const report = (await pinPeers(directories, { force: true })).find(({ directory }) => directory === cli);
    expect(report).toMatchObject({ outcome: "replaced", dropped: [first, second] });
    expect(pinsOf(cli).peers["spiffe://local.test/greeter"]).toEqual({ current: `${third}` });
  });

  it("takes two directories of one identity for its present and its next key, the first named first", async () => {
    const { directories, pinsOf } = await identities("greeter-next", "greeter", "cli");
    const [next = "", present = "", cli = ""] = directories;
    const reports = await pinPeers([present, next, cli]);
    expect(summary(reports)).toEqual(["greeter added /cli", "greeter-next added /cli", "cli added /greeter"]);
    await pinPeers([present, cli], { force: true });
    const { current } = pinsOf(cli).peers["spiffe://local.test/greeter"];
    expect(reports[2]?.entry.current.toString()).toBe(current);
  });

  it.each([1, 2])("needs two different directories (%d given)", async (count) => {
    const { directories } = await identities("cli");
    const [cli = ""] = directories;
    symlinkSync(join(cli, ".."), join(cli, "..", "link"));
    const given = [cli, join(cli, "..", "link", "cli")].slice(0, count);
    await expect(pinPeers(given)).rejects.toMatchObject({
      code: "ERR_INVALID_OPTION",
      problem: `there is nobody to learn for ${given.join(" ")}`,
    });
  });

  it("refuses a peer that the bundle does not vouch for, and writes nothing", async () => {
    const ours = await identities("cli");
    const theirs = await identities("greeter");
    const [cli = ""] = ours.directories;
    const [greeter = ""] = theirs.directories;
    await expect(pinPeers([cli, greeter])).rejects.toMatchObject({
      code: "ERR_UNKNOWN_ISSUER",
      problem: `${cli} does not trust spiffe://local.test/greeter in ${greeter}: no authority of the trust bundle has signed it`,
    });
    expect(readdirSync(cli)).not.toContain("pins.json");
  });

  it("refuses a peer of another trust domain", async () => {
    const { directories } = await identities("cli");
    const other = await localCa({ trustDomain: "other.test" });
    const greeter = join(other.directory, "..", "greeter");
    await issueCredentials(other, "spiffe://other.test/greeter", greeter);
    await expect(pinPeers([...directories, greeter])).rejects.toMatchObject({
      code: "ERR_WRONG_TRUST_DOMAIN",
      problem: `spiffe://other.test/greeter in ${greeter} is not in local.test, the trust domain of ${directories[0]}`,
    });
  });

  it("refuses pins that it cannot read, and does not write them anew", async () => {
    const { directories } = await identities("cli", "greeter");
    const path = join(directories[0] ?? "", "pins.json");
    writeFileSync(path, '{"version":1,"peers":{},"extra":1}');
    await expect(pinPeers(directories, { force: true })).rejects.toMatchObject({
      code: "ERR_FILE_MALFORMED",
      problem: expect.stringMatching(/pins\.json .*: unknown field "extra"$/),
      hint: `mend it by hand, or remove it and pin every peer again: rm ${path}`,
    });
    expect(readFileSync(path, "utf8")).toContain("extra");
    expect(readdirSync(directories[1] ?? "")).not.toContain("pins.json");
  });

  it.each([
    ["ERR_FILE_MISSING", (directory: string) => rmSync(join(directory, "cert.pem"))],
    ["ERR_FILE_NOT_PRIVATE", (directory: string) => chmodSync(join(directory, "key.pem"), 0o644)],
    ["ERR_DIRECTORY_NOT_PRIVATE", (directory: string) => chmodSync(directory, 0o777)],
  ])("refuses a directory that cannot be used: %s", async (code, change) => {
    const { directories } = await identities("cli", "greeter");
    change(directories[1] ?? "");
    await expect(pinPeers(directories)).rejects.toMatchObject({ code });
    expect(readdirSync(directories[0] ?? "")).not.toContain("pins.json");
  });

  it("refuses a directory whose key belongs to another leaf", async () => {
    const { directories } = await identities("cli", "greeter");
    const [cli = "", greeter = ""] = directories;
    copyFileSync(join(cli, "key.pem"), join(greeter, "key.pem"));
    await expect(pinPeers(directories)).rejects.toMatchObject({ code: "ERR_KEY_MISMATCH" });
  });

  it("loses nothing when several pin the same directory at once", async () => {
    const { directories, pinsOf } = await identities("cli", "a", "b", "c", "d");
    const [cli = "", ...peers] = directories;
    // In both orders, so that they would wait for each other if each locked in its own.
    await Promise.all(peers.flatMap((peer) => [pinPeers([cli, peer]), pinPeers([peer, cli])]));
    expect(Object.keys(pinsOf(cli).peers)).toHaveLength(4);
  });
});
