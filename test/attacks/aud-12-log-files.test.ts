import { spawnSync } from "node:child_process";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { AuditPlace } from "../helpers/audit-place.js";
import { built } from "../helpers/built.js";
import { has } from "../helpers/tools.js";

describe("AUD-12: the files of a log", () => {
  it("belong to us alone, whatever the umask", async () => {
    const before = process.umask(0);
    try {
      const place = new AuditPlace();
      await (await place.open()).close();
      expect(lstatSync(place.directory).mode & 0o777).toBe(0o700);
      expect(lstatSync(place.segments[0] ?? "").mode & 0o777).toBe(0o600);
      expect(lstatSync(place.keyFile).mode & 0o777).toBe(0o600);
      expect(lstatSync(place.anchorFile).mode & 0o777).toBe(0o644);
    } finally {
      process.umask(before);
    }
  });

  it.skipIf(!has("strace"))("are opened for appending only, never through a symbolic link", () => {
    const place = new AuditPlace();
    const script = `const { openAuditLog } = await import(${JSON.stringify(built("src/audit.js"))});
      await (await openAuditLog(JSON.parse(process.argv[1]))).close();`;
    const { directory, keyFile, anchorFile } = place;
    const options = JSON.stringify({ directory, keyFile, anchorFile });
    const node = [process.execPath, "--input-type=module", "-e", script, options];
    const { stderr, status } = spawnSync("strace", ["-f", "-e", "trace=openat", ...node], { encoding: "utf8" });
    expect(status, stderr).toBe(0);
    const opened = stderr
      .split("\n")
      .filter((line) => line.includes("audit-00000001.jsonl") && /O_RDWR|O_WRONLY/.test(line));
    expect(opened.length).toBeGreaterThan(0);
    for (const line of opened) {
      expect(line).toContain("O_APPEND");
      expect(line).toContain("O_NOFOLLOW");
    }
  });

  it("are refused when others can get at them", async () => {
    const place = new AuditPlace();
    await (await place.open()).close();
    chmodSync(place.directory, 0o755);
    await expect(place.open()).rejects.toMatchObject({ code: "ERR_DIRECTORY_NOT_PRIVATE" });
    chmodSync(place.directory, 0o700);
    chmodSync(place.keyFile, 0o644);
    await expect(place.open()).rejects.toMatchObject({ code: "ERR_FILE_NOT_PRIVATE" });
  });

  it("are refused as symbolic links, and what they point to is not touched", async () => {
    const place = new AuditPlace();
    await (await place.open()).close();
    const [segment = ""] = place.segments;
    const elsewhere = join(place.base, "elsewhere");
    renameSync(segment, elsewhere);
    symlinkSync(elsewhere, segment);
    const before = readFileSync(elsewhere);
    await expect(place.open()).rejects.toMatchObject({ code: "ERR_FILE_UNREADABLE" });
    expect(readFileSync(elsewhere)).toEqual(before);
  });
});

describe("a log that is not what it was when it is opened", () => {
  const cases: readonly (readonly [string, (place: AuditPlace) => void, string])[] = [
    ["its end is cut off", (place) => cutLastLine(place), "ERR_AUDIT_TAMPERED"],
    ["a record was changed", (place) => place.tamper(replaced("close", "clone")), "ERR_AUDIT_TAMPERED"],
    ["all segments are gone", (place) => rmSync(place.segments[0] ?? ""), "ERR_AUDIT_TAMPERED"],
    ["its anchor is gone", ({ anchorFile }) => rmSync(anchorFile), "ERR_AUDIT_TAMPERED"],
    ["its anchor is not one", ({ anchorFile }) => writeFileSync(anchorFile, "{}"), "ERR_FILE_MALFORMED"],
    ["its anchor holds no key", (place) => anchorWithKey(place, "AAAA"), "ERR_FILE_MALFORMED"],
    ["its anchor holds another kind of key", (place) => anchorWithKey(place, ecPublicKey()), "ERR_FILE_MALFORMED"],
    ["its key is gone", ({ keyFile }) => rmSync(keyFile), "ERR_FILE_MISSING"],
    ["its key is another", ({ keyFile }) => writeFileSync(keyFile, otherKey()), "ERR_KEY_MISMATCH"],
    ["its key is no Ed25519 key", ({ keyFile }) => writeFileSync(keyFile, ecKey()), "ERR_KEY_UNSUPPORTED"],
    ["its key file holds no key", ({ keyFile }) => writeFileSync(keyFile, "key"), "ERR_FILE_MALFORMED"],
  ];
  for (const [name, attack, code] of cases) {
    it(`${name}: ${code}`, async () => {
      const place = new AuditPlace();
      await (await place.open()).close();
      attack(place);
      await expect(place.open()).rejects.toMatchObject({ code });
    });
  }
});

describe("a log that is changed while it is written", () => {
  const cases: readonly (readonly [string, (path: string) => void])[] = [
    ["moved away", (path) => renameSync(path, `${path}.moved`)],
    ["deleted", (path) => rmSync(path)],
    ["replaced by a copy", replaceByCopy],
    ["cut off", (path) => truncateSync(path, 10)],
    ["written to by somebody else", (path) => appendFileSync(path, "{}\n")],
  ];
  for (const [name, attack] of cases) {
    it(`${name}: records are refused, and the reason is told`, async () => {
      const place = new AuditPlace();
      const log = await place.open();
      const problems: Error[] = [];
      log.onProblem((error) => problems.push(error));
      await log.append({ type: "note" });
      attack(place.segments[0] ?? "");
      await expect(log.append({ type: "note" })).rejects.toMatchObject({ code: "ERR_AUDIT_UNAVAILABLE" });
      expect(problems).toMatchObject([{ code: "ERR_AUDIT_TAMPERED" }]);
    });
  }

  it("and its directory replaced by a file", async () => {
    const place = new AuditPlace();
    const log = await place.open();
    renameSync(place.directory, `${place.directory}.moved`);
    mkdirSync(place.directory);
    await expect(log.append({ type: "note" })).rejects.toMatchObject({ code: "ERR_AUDIT_UNAVAILABLE" });
  });
});

function anchorWithKey({ anchorFile }: AuditPlace, publicKey: string): void {
  writeFileSync(anchorFile, JSON.stringify({ ...JSON.parse(readFileSync(anchorFile, "utf8")), publicKey }));
}

function ecPublicKey(): string {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return publicKey.export({ type: "spki", format: "der" }).toString("base64");
}

function replaceByCopy(path: string): void {
  copyFileSync(path, `${path}.new`);
  renameSync(`${path}.new`, path);
}

function cutLastLine(place: AuditPlace): void {
  place.tamper((bytes) => bytes.subarray(0, bytes.lastIndexOf(0x0a, bytes.length - 2) + 1));
}

function replaced(from: string, to: string): (bytes: Buffer) => Buffer {
  return (bytes) => Buffer.from(bytes.toString("latin1").replace(from, to), "latin1");
}

function otherKey(): string {
  return pem(generateKeyPairSync("ed25519").privateKey);
}

function ecKey(): string {
  return pem(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey);
}

function pem(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}
