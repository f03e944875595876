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
});
