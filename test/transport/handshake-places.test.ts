import { describe, expect, it } from "vitest";
import { defaults } from "../../src/defaults.js";
import { HandshakePlaces } from "../../src/transport/handshake-places.js";
import { FakeClock } from "../helpers/fake-clock.js";

function places(limits: { maxHandshakes?: number; refusedHandshakesPerSecond?: number } = {}) {
  const clock = new FakeClock();
  const started: string[] = [];
  const handshakes = new HandshakePlaces({ ...defaults, ...limits }, clock);
  const enter = (name: string) => handshakes.enter(() => started.push(name));
  return { clock, started, handshakes, enter };
}

describe("places for handshakes", () => {
  it("are given in the order of asking, and never to one that was given up", () => {
    const { started, enter } = places({ maxHandshakes: 2 });
    const entered = ["a", "b", "c", "d", "e"].map(enter);
    expect(started).toEqual(["a", "b"]);
    entered[2]?.[Symbol.dispose]();
    entered[0]?.[Symbol.dispose]();
    entered[0]?.[Symbol.dispose]();
    expect(started).toEqual(["a", "b", "d"]);
    entered[1]?.[Symbol.dispose]();
    expect(started).toEqual(["a", "b", "d", "e"]);
  });

  it("cost a verified peer nothing", () => {
    const { clock, started, handshakes, enter } = places({ refusedHandshakesPerSecond: 1 });
    for (let i = 0; i < 1_000; i++) {
      enter("good")[Symbol.dispose]();
      handshakes.succeeded();
    }
    expect(started).toHaveLength(1_000);
    expect(clock.waiting).toBe(0);
  });

  it("are given one by one when too many have come to nothing, with one timer for all who wait", () => {
    const { clock, started, enter } = places({ refusedHandshakesPerSecond: 2 });
    for (let i = 0; i < 20; i++) enter("bad")[Symbol.dispose]();
    expect(started.splice(0)).toHaveLength(20);
    const late = ["a", "b", "c"].map(enter);
    expect(started).toEqual([]);
    expect(clock.waiting).toBe(1);
    clock.pass(499);
    expect(started).toEqual([]);
    clock.pass(1);
    expect(started).toEqual(["a"]);
    late[1]?.[Symbol.dispose]();
    clock.pass(500);
    expect(started).toEqual(["a", "c"]);
    expect(clock.waiting).toBe(0);
  });

  it("come free when one of those under way turns out to be good", () => {
    const { started, handshakes, enter } = places({ refusedHandshakesPerSecond: 1 });
    const entered = Array.from({ length: 11 }, (_, i) => enter(String(i)));
    expect(started).toHaveLength(10);
    entered[3]?.[Symbol.dispose]();
    handshakes.succeeded();
    expect(started).toHaveLength(11);
  });
});
