import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { withLock } from "../../src/files/lock-file.js";
import { built } from "../helpers/built.js";
import { tempDirectory } from "../helpers/temp-directory.js";

const lockIn = (directory: string) => join(directory, "lock");

/** Starts an action under the lock; `release` lets it end. */
function hold(path: string): { held: Promise<void>; release: () => void; done: Promise<void> } {
  let release = () => {};
  let entered = () => {};
  const held = new Promise<void>((resolve) => (entered = resolve));
  const wait = new Promise<void>((resolve) => (release = resolve));
  const done = withLock(path, () => {
    entered();
    return wait;
  });
  return { held, release, done };
}

describe("withLock", () => {
  it("returns what the action returns and leaves no file", async () => {
    const directory = tempDirectory();
    expect(await withLock(lockIn(directory), async () => 42)).toBe(42);
    expect(readdirSync(directory)).toEqual([]);
  });

  it("lets go when the action throws", async () => {
    const directory = tempDirectory();
    const failing = withLock(lockIn(directory), () => Promise.reject(new Error("no")));
    await expect(failing).rejects.toThrow("no");
    expect(readdirSync(directory)).toEqual([]);
  });

  it("names the process that holds it", async () => {
    const directory = tempDirectory();
    const holder = hold(lockIn(directory));
    await holder.held;
    const [file] = readdirSync(directory);
    await expect(withLock(lockIn(directory), async () => 1, { waitMs: 0 })).rejects.toMatchObject({
      code: "ERR_LOCKED",
      problem: `${directory} is in use by process ${process.pid}`,
      hint: `wait until it is done; if no such process uses it any more, run: rm ${join(directory, file ?? "")}`,
    });
    holder.release();
    await holder.done;
    expect(readdirSync(directory)).toEqual([]);
  });

  it("waits for the other to finish", async () => {
    const directory = tempDirectory();
    const events: string[] = [];
    const holder = hold(lockIn(directory));
    await holder.held;
    const second = withLock(lockIn(directory), async () => void events.push("second"));
    events.push("first");
    holder.release();
    await Promise.all([holder.done, second]);
    expect(events).toEqual(["first", "second"]);
  });

  it("never lets two in, in one process", async () => {
    const directory = tempDirectory();
    let inside = 0;
    let most = 0;
    const action = async () => {
      most = Math.max(most, ++inside);
      await new Promise(setImmediate);
      inside--;
    };
    await Promise.all(Array.from({ length: 8 }, () => withLock(lockIn(directory), action, { waitMs: 15_000 })));
    expect([most, inside]).toEqual([1, 0]);
  });

  it("takes over from a process that was killed", async () => {
    const directory = tempDirectory();
    const child = spawn("sleep", ["60"]);
    const pid = child.pid ?? 0;
    // The name the child would have made; its start time is checked in the test below.
    const [host = ""] = await ownTicket(directory);
    const ticket = join(directory, `lock.${pid}.${startOf(pid)}.${host}.abc`);
    writeFileSync(ticket, "");
    await expect(withLock(lockIn(directory), async () => 1, { waitMs: 0 })).rejects.toMatchObject({
      problem: `${directory} is in use by process ${pid}`,
    });
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await withLock(lockIn(directory), async () => existsSync(ticket), { waitMs: 0 })).toBe(false);
  });

  it.skipIf(process.platform !== "linux")("takes over when the pid belongs to another process by now", async () => {
    const directory = tempDirectory();
    const [host = ""] = await ownTicket(directory);
    writeFileSync(join(directory, `lock.${process.ppid}.1.${host}.abc`), "");
    expect(await withLock(lockIn(directory), async () => "taken", { waitMs: 0 })).toBe("taken");
  });

  it("does not take over from another machine or container", async () => {
    const directory = tempDirectory();
    writeFileSync(join(directory, "lock.999999.1.00000000.abc"), "");
    await expect(withLock(lockIn(directory), async () => 1, { waitMs: 0 })).rejects.toMatchObject({
      code: "ERR_LOCKED",
      problem: `${directory} is in use by process 999999 on another machine or in another container`,
    });
  });

  it("never lets two processes in, also when all of them find a dead one's lock", async () => {
    const directory = tempDirectory();
    mkdirSync(join(directory, "d"));
    const [host = ""] = await ownTicket(directory);
    writeFileSync(join(directory, `lock.${process.pid}.1.${host}.abc`), "");
    const counter = join(directory, "counter");
    writeFileSync(counter, "0");
    const script = join(import.meta.dirname, "..", "helpers", "lock-contender.mjs");
    const module = built("src/files/lock-file.js");
    const children = Array.from({ length: 4 }, () => fork(script, [module, lockIn(directory), counter, "10"]));
    const codes = await Promise.all(children.map(async (child) => (await once(child, "exit"))[0]));
    expect(codes).toEqual([0, 0, 0, 0]);
    expect(readFileSync(counter, "utf8")).toBe("40");
  });
});

/** Place and start time as this process writes them into its lock files. */
async function ownTicket(directory: string): Promise<string[]> {
  const names = await withLock(lockIn(directory), async () => readdirSync(directory));
  const [, , start = "", place = ""] = names.find((name) => name.startsWith("lock."))?.split(".") ?? [];
  return [place, start];
}

function startOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}
