// Credentials, locks, files that are replaced, and the audit log, on a Windows file system.
import assert from "node:assert/strict";
import {
  appendFileSync,
  closeSync,
  existsSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { loadCredentials } from "pinwire";
import { openAuditLog, verifyAuditLog } from "pinwire/audit";
import { writeFileAtomically } from "../../../dist/src/files/atomic-write.js";
import { withLock } from "../../../dist/src/files/lock-file.js";
import { replaceFile } from "../../../dist/src/files/replace-file.js";
import { clientId, Program, serverId, strangerId, tempDirectory, World } from "./world.mjs";

const program = (name) => join(import.meta.dirname, name);

describe("credentials", () => {
  it("take effect when their files change, and calls go on", async (t) => {
    const world = new World();
    const directory = join(tempDirectory(), "cli");
    world.ca.writeCredentials(directory, clientId, strangerId);
    await world.listening(t);
    const credentials = await loadCredentials(directory);
    t.after(() => credentials.close());
    const client = world.client(t, { credentials });
    await assert.rejects(client.sayHello({ name: "Ada" }), { code: "ERR_NOT_PINNED" });
    const changed = new Promise((resolve) => credentials.onChange(resolve));
    const { pins } = world.ca.credentials(clientId, serverId).current();
    const options = { mode: 0o644, overwrite: true };
    await writeFileAtomically(join(directory, "pins.json"), JSON.stringify(pins), options);
    await changed;
    assert.match((await client.sayHello({ name: "Ada" })).greeting, /^Hello, Ada/);
  });
});

describe("a lock", () => {
  it("of a living process is respected, of a killed one not", async () => {
    const path = join(tempDirectory(), "lock");
    const holder = new Program(program("hold-lock.mjs"), [path]);
    await holder.line("held");
    await assert.rejects(
      withLock(path, async () => {}, { waitMs: 0 }),
      { code: "ERR_LOCKED", problem: new RegExp(` is in use by process ${holder.child.pid}$`) },
    );
    await holder.kill();
    assert.equal(await withLock(path, async () => "mine", { waitMs: 0 }), "mine");
    assert.deepEqual(readdirSync(join(path, "..")), []);
  });

  it("of a killed process is not kept alive by a stranger with its id", async () => {
    const path = join(tempDirectory(), "lock");
    const holder = new Program(program("hold-lock.mjs"), [path]);
    await holder.line("held");
    await holder.kill();
    const [left] = readdirSync(join(path, ".."));
    renameSync(join(path, "..", left), join(path, "..", left.replace(`.${holder.child.pid}.`, `.${process.pid}.`)));
    assert.equal(await withLock(path, async () => "mine", { waitMs: 0 }), "mine");
  });

  it("never lets two in", async () => {
    const path = join(tempDirectory(), "lock");
    let inside = 0;
    const action = async () => {
      assert.equal(++inside, 1);
      await new Promise(setImmediate);
      inside--;
    };
    await Promise.all(Array.from({ length: 8 }, () => withLock(path, action, { waitMs: 15_000 })));
    assert.deepEqual(readdirSync(join(path, "..")), []);
  });
});

describe("a file", () => {
  it("that somebody has open is replaced as soon as it is closed", async () => {
    const directory = tempDirectory();
    const [path, next, other] = ["pins.json", "next", "other"].map((name) => join(directory, name));
    for (const [file, text] of Object.entries({ [path]: "old", [next]: "new", [other]: "new" }))
      writeFileSync(file, text);
    const reader = openSync(path, "r");
    const replaced = replaceFile(next, path);
    // Where the file system refuses this, it has refused that before.
    const isRefused = () =>
      rename(other, path).then(
        () => false,
        () => true,
      );
    for (let tries = 0; tries < 3 && (await isRefused()); ) tries++;
    closeSync(reader);
    await replaced;
    assert.equal(readFileSync(path, "utf8"), "new");
  });

  it("is replaced as a whole, and nothing else is left", async () => {
    const directory = tempDirectory();
    const path = join(directory, "pins.json");
    for (const text of ["first", "second"]) await writeFileAtomically(path, text, { mode: 0o644, overwrite: true });
    assert.equal(readFileSync(path, "utf8"), "second");
    assert.deepEqual(readdirSync(directory), ["pins.json"]);
  });

  it("that exists is not replaced unasked", async () => {
    const path = join(tempDirectory(), "key.pem");
    await writeFileAtomically(path, "first", { mode: 0o600 });
    await assert.rejects(writeFileAtomically(path, "second", { mode: 0o600 }), { code: "ERR_FILE_EXISTS" });
    assert.equal(readFileSync(path, "utf8"), "first");
  });
});

describe("the audit log", () => {
  const newPlace = () => {
    const base = tempDirectory();
    return { directory: join(base, "log"), keyFile: join(base, "key.pem"), anchorFile: join(base, "anchor.json") };
  };
  const segment = ({ directory }) =>
    join(
      directory,
      readdirSync(directory).find((name) => name.endsWith(".jsonl")),
    );

  it("is written, goes on when opened again, and verifies", async () => {
    const place = newPlace();
    for (let epoch = 1; epoch <= 2; epoch++) {
      const log = await openAuditLog(place);
      await log.append({ type: "note", epoch });
      await log.close();
    }
    const { ok, epochs, unsigned, anchored } = await verifyAuditLog(place.directory, place);
    assert.deepEqual({ ok, epochs, unsigned, anchored }, { ok: true, epochs: 2, unsigned: 0, anchored: true });
  });

  it("of a killed writer is mended: what was half-written is cut off", async () => {
    const place = newPlace();
    const writer = new Program(program("write-audit.mjs"), Object.values(place));
    await writer.line("written");
    await assert.rejects(openAuditLog(place), { code: "ERR_LOCKED" });
    await writer.kill();
    appendFileSync(segment(place), '{"half');
    await (await openAuditLog(place)).close();
    assert.match(readFileSync(segment(place), "latin1"), /"type":"repair"/);
    assert.equal((await verifyAuditLog(place.directory, place)).ok, true);
  });

  it("is not written to any more when somebody else was at it", async () => {
    const place = newPlace();
    const log = await openAuditLog(place);
    appendFileSync(segment(place), "x");
    await assert.rejects(log.append({ type: "note" }), { code: "ERR_AUDIT_UNAVAILABLE" });
    await log.close().catch(() => {});
    // Evidence: what could not be acknowledged is not cut off again.
    assert.match(readFileSync(segment(place), "latin1"), /\nx\{/);
    assert.equal((await verifyAuditLog(place.directory, place)).ok, false);
  });

  it("changed afterwards does not verify", async () => {
    const place = newPlace();
    const log = await openAuditLog(place);
    await log.append({ type: "note", who: "Ada" });
    await log.close();
    writeFileSync(segment(place), readFileSync(segment(place), "latin1").replace("Ada", "Eve"));
    assert.equal((await verifyAuditLog(place.directory, place)).fault.reason, "malformed");
  });

  it("knows a file by its number", () => {
    const path = join(tempDirectory(), "a");
    const inode = () => lstatSync(path, { bigint: true }).ino;
    writeFileSync(path, "a");
    const first = inode();
    assert.notEqual(first, 0n);
    appendFileSync(path, "b");
    assert.equal(inode(), first);
    renameSync(path, `${path}2`);
    writeFileSync(path, "ab");
    assert.notEqual(inode(), first);
    assert.ok(existsSync(`${path}2`));
  });
});
