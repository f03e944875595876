import { fork, spawnSync } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { issueCredentials } from "../../src/ca/issue-credentials.js";
import type { CredentialState } from "../../src/credentials/credential-state.js";
import { type LoadOptions, loadCredentials } from "../../src/credentials/load-credentials.js";
import { type MtlsCredentials, staticCredentials } from "../../src/credentials/mtls-credentials.js";
import { pinPeers } from "../../src/credentials/pin-peers.js";
import type { ConfigError } from "../../src/errors.js";
import type { Source } from "../../src/source.js";
import { spkiOf } from "../../src/x509/keys.js";
import { built } from "../helpers/built.js";
import { pinnedPair } from "../helpers/local-ca.js";

const cliId = "spiffe://local.test/cli";

async function load(directory: string, options: LoadOptions = {}): Promise<MtlsCredentials> {
  const credentials = await loadCredentials(directory, options);
  onTestFinished(() => credentials.close());
  return credentials;
}

const next = <T>(source: Source<T>) => new Promise<T>((resolve) => source.onChange(resolve));
const refusal = (credentials: MtlsCredentials) => new Promise<Error>((resolve) => credentials.onRefused(resolve));

/** Whether key and certificate belong together. */
const isWhole = ({ svid }: CredentialState) => spkiOf(svid.privateKey).equals(svid.leaf.spki);

describe("a watched directory", () => {
  it("takes effect when the leaf is renewed", async () => {
    const { ca, cli } = await pinnedPair();
    const credentials = await load(cli);
    const before = credentials.current();
    const changed = next(credentials);
    const { svid } = await issueCredentials(ca, cliId, cli, { force: true });
    const after = await changed;
    expect(after.svid.leaf.serialNumber).toBe(svid.leaf.serialNumber);
    expect(credentials.current()).toBe(after);
    // What did not change is the same object, by which others tell that it is still in force.
    expect([after.bundle, after.pins]).toEqual([before.bundle, before.pins]);
    expect([after.bundle === before.bundle, after.pins === before.pins]).toEqual([true, true]);
  });

  it("changes key and certificate together, also when others write slowly", async () => {
    const { ca, cli } = await pinnedPair();
    const credentials = await load(cli);
    const { certPem, keyPem, pin } = await ca.issue(cliId);
    const changed = next(credentials.svid);
    writeFileSync(join(cli, "key.pem"), keyPem.slice(0, 100));
    await new Promise(setImmediate);
    writeFileSync(join(cli, "key.pem"), keyPem);
    await expect(credentials.reload()).rejects.toMatchObject({ code: "ERR_KEY_MISMATCH" });
    expect(isWhole(credentials.current())).toBe(true);
    writeFileSync(join(cli, "cert.pem"), certPem);
    expect((await changed).pin.equals(pin)).toBe(true);
  });

  it("keeps the old state when the new one is bad, says so once, and recovers", async () => {
    const { cli } = await pinnedPair();
    const credentials = await load(cli);
    const before = credentials.current();
    const refused = refusal(credentials);
    const good = readFileSync(join(cli, "pins.json"));
    writeFileSync(join(cli, "pins.json"), '{"version":2,"peers":{}}');
    expect(await refused).toMatchObject({ code: "ERR_FILE_MALFORMED" });
    expect(credentials.current()).toBe(before);
    writeFileSync(join(cli, "pins.json"), good);
    await credentials.reload();
    expect(credentials.current()).toBe(before);
  });

  it("lets the last pin be withdrawn: that is how the last peer is cut off", async () => {
    const { cli } = await pinnedPair();
    const credentials = await load(cli, { watch: false });
    writeFileSync(join(cli, "pins.json"), '{"version":1,"peers":{}}');
    await credentials.reload();
    expect(credentials.pins.current().size).toBe(0);
  });

  it("repeats a refusal only when the reason changes", async () => {
    const { cli } = await pinnedPair();
    // Each look at the directory asks for the time once.
    const looks = new EventEmitter();
    const credentials = await load(cli, {
      now: () => {
        looks.emit("look");
        return Date.now();
      },
    });
    const refused: string[] = [];
    credentials.onRefused((error) => refused.push((error as ConfigError).code));
    const spoil = (content: string) => writeFileSync(join(cli, "pins.json"), content);
    const first = refusal(credentials);
    spoil('{"version":1,"peers":{"spiffe://local.test/x":{"current":"sha256/short"}}}');
    await first;
    // The first look after a change gives the writer time, the second one judges.
    spoil('{"version":1,"peers":{"spiffe://local.test/x":{"current":"sha256/short"}}} ');
    for (let look = 0; look < 2; look++) await once(looks, "look");
    // Readings take turns, so this one ends after the second look.
    await credentials.reload().catch(() => undefined);
    const second = refusal(credentials);
    spoil("");
    await second;
    expect(refused).toEqual(["ERR_INVALID_PIN", "ERR_FILE_MALFORMED"]);
  });

  it("survives a listener for refusals that fails, and tells the others", async () => {
    const { cli } = await pinnedPair();
    const credentials = await load(cli);
    const warned = once(process, "warning");
    credentials.onRefused(() => {
      throw new Error("the fault of a listener for refusals");
    });
    const refused = refusal(credentials);
    rmSync(join(cli, "pins.json"));
    expect(await refused).toMatchObject({ code: "ERR_FILE_MISSING" });
    expect((await warned)[0].message).toBe("the fault of a listener for refusals");
  });

  it("warns the process when nobody listens for refusals", async () => {
    const { cli } = await pinnedPair();
    await load(cli);
    const warned = once(process, "warning");
    rmSync(join(cli, "cert.pem"));
    expect((await warned)[0]).toMatchObject({ code: "ERR_FILE_MISSING" });
  });

  it("lets a withdrawn pin take effect although its own leaf has expired since", async () => {
    const clock = { nowMs: Date.parse("2026-03-01T12:00:00Z") };
    const { ca, cli } = await pinnedPair({ now: () => clock.nowMs });
    const credentials = await load(cli, { watch: false, now: () => clock.nowMs });
    const web = join(cli, "..", "web");
    await issueCredentials(ca, "spiffe://local.test/web", web);
    rmSync(join(cli, "pins.json"));
    await pinPeers([cli, web], { now: ca.now });
    clock.nowMs += 7 * 86_400_000;
    await credentials.reload();
    expect(credentials.pins.current().ids().map(String)).toEqual(["spiffe://local.test/web"]);
  });

  it("tells listeners of a part only about that part", async () => {
    const { ca, cli } = await pinnedPair();
    const credentials = await load(cli, { watch: false });
    const events: string[] = [];
    for (const part of ["svid", "bundle", "pins"] as const) credentials[part].onChange(() => events.push(part));
    const all = credentials.onChange(() => events.push("all"));
    await credentials.reload();
    await issueCredentials(ca, cliId, cli, { force: true });
    await credentials.reload();
    all[Symbol.dispose]();
    writeFileSync(join(cli, "bundle.pem"), `${ca.bundle.toPem()}\n`);
    await credentials.reload();
    expect(events).toEqual(["svid", "all", "bundle"]);
  });

  it("tells all listeners although one fails", async () => {
    const { ca, cli } = await pinnedPair();
    const credentials = await load(cli, { watch: false });
    credentials.onChange(() => {
      throw new Error("a listener's own fault");
    });
    const listener = vi.fn();
    credentials.onChange(listener);
    const warned = once(process, "warning");
    const { svid } = await issueCredentials(ca, cliId, cli, { force: true });
    await credentials.reload();
    expect(listener).toHaveBeenCalledOnce();
    expect(credentials.current().svid.leaf.serialNumber).toBe(svid.leaf.serialNumber);
    expect((await warned)[0].message).toBe("a listener's own fault");
  });

  it("never shows the key of one identity with the certificate of another", async () => {
    const { ca, cli } = await pinnedPair();
    const credentials = await load(cli);
    const seen = new Set<string>();
    credentials.onChange((state) => seen.add(`${state.svid.pin} ${isWhole(state)}`));
    let writing = true;
    const reader = (async () => {
      for (; writing; await new Promise(setImmediate)) {
        await credentials.reload().catch(() => undefined);
        expect(isWhole(credentials.current())).toBe(true);
      }
    })();
    for (let round = 0; round < 25; round++) await issueCredentials(ca, cliId, cli, { newKey: true });
    writing = false;
    await reader;
    await credentials.reload();
    expect(seen.size).toBeGreaterThan(1);
    expect([...seen].filter((entry) => entry.endsWith("false"))).toEqual([]);
  });

  it("loads while the directory is being rewritten", async () => {
    const { ca, cli } = await pinnedPair();
    let writing = true;
    const writer = (async () => {
      while (writing) await issueCredentials(ca, cliId, cli, { newKey: true });
    })();
    for (let round = 0; round < 25; round++) {
      const credentials = await loadCredentials(cli, { watch: false });
      expect(isWhole(credentials.current())).toBe(true);
    }
    writing = false;
    await writer;
  });

  it("follows a link that is turned to another directory, at the latest when it looks again", async () => {
    const { ca, cli } = await pinnedPair();
    const place = join(cli, "..", "mounted");
    mkdirSync(place, { mode: 0o700 });
    for (const version of ["v1", "v2"]) cpSync(cli, join(place, version), { recursive: true });
    await issueCredentials(ca, cliId, join(place, "v2"), { force: true });
    symlinkSync("v1", join(place, "..data"));
    for (const file of ["key.pem", "cert.pem", "bundle.pem", "pins.json"]) {
      symlinkSync(join("..data", file), join(place, file));
    }
    const credentials = await load(place);
    const changed = next(credentials);
    symlinkSync("v2", join(place, "..tmp"));
    renameSync(join(place, "..tmp"), join(place, "..data"));
    await changed;
    expect(credentials.current().svid.certPem).toBe(readFileSync(join(place, "v2", "cert.pem"), "utf8"));
  });
});

describe("a directory that is watched", () => {
  it("does not keep the process alive", async () => {
    const { cli } = await pinnedPair();
    const script = `
      const { loadCredentials } = await import(${JSON.stringify(built("src/credentials/load-credentials.js"))});
      const credentials = await loadCredentials(${JSON.stringify(cli)});
      console.log(String(credentials.current().svid.id));
    `;
    const { stdout, status } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
      timeout: 15_000,
    });
    expect([stdout, status]).toEqual([`${cliId}\n`, 0]);
  });

  it("leaves no watcher, timer or file behind when it is closed", async () => {
    const { cli } = await pinnedPair();
    const script = join(import.meta.dirname, "..", "helpers", "open-and-close-credentials.mjs");
    const args = [built("src/credentials/load-credentials.js"), cli, "100"];
    const child = fork(script, args, { execArgv: ["--expose-gc"] });
    const messages: unknown[] = [];
    child.on("message", (message) => messages.push(message));
    expect(await once(child, "exit")).toEqual([0, null]);
    const [{ before, after, alive }] = messages as [{ before: object; after: object; alive: number }];
    expect(after).toEqual(before);
    expect(alive).toBe(0);
  });
});

it("credentials made in memory never change", async () => {
  const { cli } = await pinnedPair();
  const state = (await load(cli, { watch: false })).current();
  await using credentials = staticCredentials(state);
  await credentials.reload();
  expect(credentials.current()).toBe(state);
});
