import { describe, expect, it, onTestFinished } from "vitest";
import { Listeners } from "../src/listeners.js";

describe("listeners", () => {
  it("are told in their order, each as often as it was added, until it is taken out", () => {
    const listeners = new Listeners<string>();
    const heard: string[] = [];
    const twice = (value: string) => heard.push(`twice ${value}`);
    const first = listeners.add(twice);
    listeners.add((value) => heard.push(`once ${value}`));
    listeners.add(twice);
    expect(listeners.size).toBe(3);
    listeners.tell("a");
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    expect(listeners.size).toBe(2);
    listeners.tell("b");
    expect(heard).toEqual(["twice a", "once a", "twice a", "once b", "twice b"]);
  });

  it("are all told when one of them throws, and what it throws is a process warning", async () => {
    const listeners = new Listeners<number>();
    const heard: number[] = [];
    listeners.add(() => {
      throw new Error("the listener's own");
    });
    listeners.add((value) => heard.push(value));
    const warning = new Promise<Error>((resolve) => {
      process.once("warning", resolve);
      onTestFinished(() => void process.off("warning", resolve));
    });
    listeners.tell(1);
    expect(heard).toEqual([1]);
    expect(await warning).toMatchObject({ message: "the listener's own" });
  });

  it("may take themselves and others out while they are told", () => {
    const listeners = new Listeners<number>();
    const heard: string[] = [];
    const own = listeners.add((value) => {
      heard.push(`own ${value}`);
      own[Symbol.dispose]();
    });
    listeners.add((value) => heard.push(`other ${value}`));
    listeners.tell(1);
    listeners.tell(2);
    expect(heard).toEqual(["own 1", "other 1", "other 2"]);
  });
});
