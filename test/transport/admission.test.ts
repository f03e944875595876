import { describe, expect, it } from "vitest";
import { defaults } from "../../src/defaults.js";
import { Admission } from "../../src/transport/admission.js";

describe("Admission", () => {
  it("gives a place to each connection until all are taken, and takes a place back once", () => {
    const admission = new Admission({ ...defaults, maxConnections: 2 });
    const first = admission.enter();
    expect(first).toBeDefined();
    expect(admission.enter()).toBeDefined();
    expect(admission.enter()).toBeUndefined();
    first?.[Symbol.dispose]();
    first?.[Symbol.dispose]();
    expect(admission.enter()).toBeDefined();
    expect(admission.enter()).toBeUndefined();
  });

  it("counts each peer for itself", () => {
    const admission = new Admission({ ...defaults, maxConnectionsPerPeer: 1 });
    const place = admission.enterPeer("spiffe://local.test/a");
    expect(place).toBeDefined();
    expect(admission.enterPeer("spiffe://local.test/a")).toBeUndefined();
    expect(admission.enterPeer("spiffe://local.test/b")).toBeDefined();
    place?.[Symbol.dispose]();
    expect(admission.enterPeer("spiffe://local.test/a")).toBeDefined();
  });

  it("starts handshakes in the order of asking, and never one that was given up", () => {
    const admission = new Admission({ ...defaults, maxHandshakes: 2 });
    const started: string[] = [];
    const places = ["a", "b", "c", "d", "e"].map((name) => admission.enterHandshake(() => started.push(name)));
    expect(started).toEqual(["a", "b"]);
    places[2]?.[Symbol.dispose]();
    places[0]?.[Symbol.dispose]();
    places[0]?.[Symbol.dispose]();
    expect(started).toEqual(["a", "b", "d"]);
    places[1]?.[Symbol.dispose]();
    expect(started).toEqual(["a", "b", "d", "e"]);
  });
});
