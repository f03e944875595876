import { describe, expect, it } from "vitest";
import { PeerError } from "../../src/errors.js";
import type { Anomaly } from "../../src/interceptors/anomaly.js";
import { AnomalyDetector, anomalyRules } from "../../src/interceptors/anomaly-detector.js";
import { Status } from "../../src/status.js";

/** A detector on a clock that stands still until it is moved. */
class Watched {
  readonly anomalies: Anomaly[] = [];
  now = 1_000_000;
  readonly detector = new AnomalyDetector(
    (anomaly) => {
      this.anomalies.push(anomaly);
      return false;
    },
    () => this.now,
  );

  call(
    init: { peer?: string; path?: string; known?: boolean; bytes?: number; status?: Status; code?: string } = {},
  ): void {
    const { peer = "spiffe://local.test/cli", path = "/a.B/C", known = true, bytes = 10, code } = init;
    const call = {
      peer: { id: peer },
      path,
      route: { method: known ? {} : undefined },
      requestBytes: bytes,
      responseBytes: 1,
    };
    this.detector.callEnded(call as never, init.status ?? Status.OK, code as never);
  }

  refuse(code: string, peerId?: string): void {
    const reason = new PeerError(code as never, "no", { facts: peerId === undefined ? {} : { peerId } });
    this.detector.connectionRefused({ reason, reference: "r" } as never);
  }

  get kinds(): string[] {
    return this.anomalies.map(({ kind }) => kind);
  }
}

describe("a burst", () => {
  it("is told once, when its count is reached, and again after a pause", () => {
    const watched = new Watched();
    const refused = { status: Status.PERMISSION_DENIED, code: "ERR_POLICY" };
    for (let n = 0; n < 19; n++) watched.call(refused);
    expect(watched.anomalies).toEqual([]);
    for (let n = 0; n < 50; n++) watched.call(refused);
    expect(watched.anomalies).toMatchObject([
      { kind: "refusal-burst", peer: "spiffe://local.test/cli", count: 20, code: "ERR_POLICY", method: "/a.B/C" },
    ]);
    watched.now += 10_000;
    for (let n = 0; n < 20; n++) watched.call(refused);
    expect(watched.kinds).toEqual(["refusal-burst", "refusal-burst"]);
  });

  it("is told again each hour when somebody sees to it that it never ends", () => {
    const watched = new Watched();
    for (let n = 0; n < 20; n++) watched.refuse("ERR_NO_CERTIFICATE");
    for (let second = 0; second < 3_600; second += 5) {
      expect(watched.kinds).toEqual(["handshake-burst"]);
      watched.now += 5_000;
      watched.refuse("ERR_NO_CERTIFICATE");
    }
    for (let n = 0; n < 19; n++) watched.refuse("ERR_UNKNOWN_ISSUER");
    expect(watched.anomalies).toMatchObject([{ count: 20 }, { kind: "handshake-burst", count: 20 }]);
  });

  it("is none when its parts are far apart", () => {
    const watched = new Watched();
    for (let n = 0; n < 100; n++) {
      watched.call({ status: Status.PERMISSION_DENIED, code: "ERR_POLICY" });
      watched.now += 600;
    }
    expect(watched.anomalies).toEqual([]);
  });

  it("of one peer is not another's", () => {
    const watched = new Watched();
    for (let n = 0; n < 38; n++) {
      const peer = `spiffe://local.test/${n % 2}`;
      watched.call({ peer, status: Status.PERMISSION_DENIED, code: "ERR_POLICY" });
    }
    expect(watched.anomalies).toEqual([]);
  });
});

describe("a report that stands for many refused connections", () => {
  it("counts for as many", () => {
    const watched = new Watched();
    for (let n = 0; n < 10; n++) watched.refuse("ERR_NO_CERTIFICATE");
    const reason = new PeerError("ERR_NO_CERTIFICATE", "more");
    const counts = new Map([
      ["ERR_NO_CERTIFICATE", 90],
      ["ERR_REVOKED", 3],
    ]);
    watched.detector.connectionRefused({ reason, reference: "r", counts } as never);
    expect(watched.anomalies).toMatchObject([{ kind: "handshake-burst", count: 103, code: "ERR_NO_CERTIFICATE" }]);
  });
});

describe("each kind", () => {
  const times = (count: number, act: () => void) => {
    for (let n = 0; n < count; n++) act();
  };
  const cases: readonly (readonly [string, (watched: Watched) => void])[] = [
    ["handshake-burst", (w) => times(20, () => w.refuse("ERR_NO_CERTIFICATE"))],
    ["pin-mismatch", (w) => w.refuse("ERR_PIN_MISMATCH", "spiffe://local.test/cli")],
    ["withdrawn-credential", (w) => w.refuse("ERR_REVOKED", "spiffe://local.test/cli")],
    ["withdrawn-credential", (w) => w.call({ status: Status.UNAUTHENTICATED, code: "ERR_CERTIFICATE_EXPIRED" })],
    [
      "method-probing",
      (w) => times(5, () => w.call({ known: false, status: Status.PERMISSION_DENIED, code: "ERR_POLICY" })),
    ],
    [
      "malformed-input",
      (w) => times(3, () => w.call({ status: Status.INVALID_ARGUMENT, code: "ERR_MESSAGE_MALFORMED" })),
    ],
    [
      "malformed-input",
      (w) => times(3, () => w.detector.violation({ peer: { id: "spiffe://local.test/cli" } } as never, "BAD_PAYLOAD")),
    ],
    ["replay", (w) => w.call({ status: Status.UNAUTHENTICATED, code: "ERR_REPLAYED_CALL" })],
    [
      "new-method",
      (w) => {
        times(200, () => w.call());
        w.call({ path: "/a.B/Other" });
      },
    ],
    [
      "unusual-size",
      (w) => {
        times(200, () => w.call());
        w.call({ bytes: 100_000 });
      },
    ],
    [
      "unusual-rate",
      (w) => {
        for (let span = 0; span < 7; span++) {
          w.now += 10_000;
          times(span < 6 ? 40 : 1_001, () => w.call());
        }
      },
    ],
  ];
  for (const [kind, act] of cases) {
    it(`${kind} is seen`, () => {
      const watched = new Watched();
      act(watched);
      expect(watched.kinds).toEqual([kind]);
    });
  }

  it("is none of a program that was stopped on all its connections", () => {
    const watched = new Watched();
    times(64, () => watched.detector.violation({ peer: { id: "spiffe://local.test/cli" } } as never, "SILENT_PEER"));
    expect(watched.kinds).toEqual([]);
  });

  it("has a rule", () => {
    expect(Object.keys(anomalyRules)).toEqual([...new Set(Object.keys(anomalyRules))]);
    for (const [kind] of cases) expect(anomalyRules).toHaveProperty([kind]);
  });
});

describe("a stranger who shows expired chains, each under another name", () => {
  it("is one burst, and takes no place of those who proved theirs", () => {
    const watched = new Watched();
    for (let n = 0; n < 19; n++) watched.refuse("ERR_CERTIFICATE_EXPIRED", `spiffe://local.test/${n}`);
    expect(watched.anomalies).toMatchObject([{ kind: "withdrawn-credential", peer: "spiffe://local.test/0" }]);
    expect(watched.detector.peers).toBe(0);
  });
});

describe("peers that found no room among those that are told apart", () => {
  it("answer for nothing that others did", () => {
    const told: [Anomaly, boolean][] = [];
    const detector = new AnomalyDetector(
      (anomaly, isOwn) => {
        told.push([anomaly, isOwn]);
        return isOwn;
      },
      () => 1_000_000,
    );
    const call = (peer: string, code?: string) => {
      const route = { method: code === "ERR_UNKNOWN_METHOD" ? undefined : {} };
      const ended = { peer: { id: peer }, path: "/a.B/C", route, requestBytes: 1, responseBytes: 1 };
      detector.callEnded(ended as never, Status.UNIMPLEMENTED, code as never);
    };
    for (let peer = 0; peer < 4_096; peer++) for (let n = 0; n < 200; n++) call(`spiffe://local.test/${peer}`);
    for (let n = 0; n < 4; n++) call("spiffe://local.test/attacker", "ERR_UNKNOWN_METHOD");
    call("spiffe://local.test/innocent", "ERR_UNKNOWN_METHOD");
    expect(told).toMatchObject([[{ kind: "method-probing", peer: undefined, count: 5 }, false]]);
    call("spiffe://local.test/late", "ERR_TOKEN_REPLAYED");
    expect(told.at(-1)).toMatchObject([{ kind: "replay", peer: "spiffe://local.test/late" }, true]);
  });
});

describe("memory", () => {
  it("is bounded whatever names are called, and by whom", () => {
    const watched = new Watched();
    const refused = { status: Status.PERMISSION_DENIED, code: "ERR_POLICY" };
    for (let n = 0; n < 100_000; n++) {
      const peer = `spiffe://local.test/${n}`;
      watched.call({ peer, path: `/a.B/M${n}` });
      watched.call({ peer, path: `/a.B/M${n}`, known: false, ...refused });
      watched.refuse("ERR_PIN_MISMATCH", peer);
    }
    for (let n = 0; n < 100_000; n++) watched.call({ path: `/a.B/M${n}` });
    expect(watched.detector.peers).toBeLessThanOrEqual(4_096);
  });
});
