import { describe, expect, it } from "vitest";
import { PeerError } from "../../src/errors.js";
import { AnomalyDetector } from "../../src/interceptors/anomaly-detector.js";
import { Quarantine } from "../../src/interceptors/quarantine.js";
import { watch } from "../../src/server/watch.js";
import { Status } from "../../src/status.js";

const peer = { id: "spiffe://local.test/cli" };
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** A server's watchers, and what they do to a peer. */
class Watched {
  readonly #watched;

  constructor(options: Parameters<typeof watch>[0], logger = silent) {
    this.#watched = watch(options, logger, undefined);
  }

  get isLockedOut(): boolean {
    try {
      this.#watched.quarantine?.stage({ peer } as never, () => Promise.resolve());
      return false;
    } catch (error) {
      expect(error).toMatchObject({ code: "ERR_QUARANTINED", status: Status.PERMISSION_DENIED });
      return true;
    }
  }

  call(code: string): void {
    const call = { peer, path: "/a.B/C", route: { method: {} }, requestBytes: 1, responseBytes: 1 };
    this.#watched.observers.callEnded(call as never, Status.UNAUTHENTICATED, code as never);
  }

  violation(): void {
    this.#watched.observers.violation({ peer } as never, "malformed frame");
  }

  refuse(code: string): void {
    const reason = new PeerError(code as never, "no", { facts: { peerId: peer.id } });
    this.#watched.observers.connectionRefused({ reason, reference: "r" } as never);
  }
}

describe("a quarantine", () => {
  const quarantine = { forMs: 60_000 };

  for (const code of ["ERR_CERTIFICATE_EXPIRED", "ERR_REVOKED", "ERR_PIN_MISMATCH"]) {
    it(`does not meet who owns the name when somebody connects under it: ${code}`, () => {
      const watched = new Watched({ quarantine });
      for (let n = 0; n < 30; n++) watched.refuse(code);
      expect(watched.isLockedOut).toBe(false);
    });
  }

  for (const code of ["ERR_CERTIFICATE_EXPIRED", "ERR_REVOKED"]) {
    it(`does not meet the new certificate of a peer whose old connection is refused: ${code}`, () => {
      const watched = new Watched({ quarantine });
      watched.call(code);
      expect(watched.isLockedOut).toBe(false);
    });
  }

  it("meets who sends a token that was revoked", () => {
    const watched = new Watched({ quarantine });
    watched.call("ERR_TOKEN_REVOKED");
    expect(watched.isLockedOut).toBe(true);
  });

  it("comes even if who is told of the anomaly throws", () => {
    const fail = () => {
      throw new Error("no");
    };
    const watched = new Watched({ quarantine, onAnomaly: fail }, { ...silent, warn: fail });
    watched.call("ERR_REPLAYED_CALL");
    expect(watched.isLockedOut).toBe(true);
  });

  it("comes again for who goes on without a pause", () => {
    let now = 0;
    const quarantine = new Quarantine({ forMs: 5_000 }, () => now);
    const detector = new AnomalyDetector(
      (anomaly, isOwn) => isOwn && quarantine.add(anomaly),
      () => now,
    );
    const call = () => void quarantine.stage({ peer } as never, () => Promise.resolve());
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 3; n++) detector.violation({ peer } as never, "BAD_PAYLOAD");
      expect(call).toThrow("permission denied");
      now += 5_000;
      expect(call).not.toThrow();
    }
  });
});

describe("many peers in quarantine", () => {
  it("push out nobody whose time is not over", () => {
    let now = 0;
    const quarantine = new Quarantine({ forMs: 60_000 }, () => now);
    const anomaly = (peer: string) => ({
      kind: "replay",
      peer,
      count: 1,
      code: undefined,
      method: undefined,
      since: 0,
    });
    const isLockedOut = (id: string) => {
      try {
        quarantine.stage({ peer: { id } } as never, () => Promise.resolve());
        return false;
      } catch {
        return true;
      }
    };
    for (let i = 0; i < 3_000; i++) quarantine.add(anomaly(`early ${i}`) as never);
    now = 30_000;
    for (let i = 0; i < 3_000; i++) quarantine.add(anomaly(`late ${i}`) as never);
    expect([isLockedOut("early 0"), isLockedOut("late 0"), isLockedOut("late 2999")]).toEqual([true, true, true]);
    now = 60_000;
    // Those who never came back are forgotten when there is another, those whose time is not over are not.
    quarantine.add(anomaly("one more") as never);
    expect([isLockedOut("early 1"), isLockedOut("late 0"), isLockedOut("one more")]).toEqual([false, true, true]);
  });
});
