import { describe, expect, it } from "vitest";
import { Keepalive } from "../../../src/rpc/direct/keepalive.js";
import { Queue } from "../../helpers/secure-pair.js";

const never = 1_000_000;

function watched(times: { helloTimeoutMs?: number; keepaliveTimeMs?: number; keepaliveTimeoutMs?: number }) {
  const events = new Queue<string>();
  const sent = { bytes: 0 };
  let needed = true;
  const keepalive: Keepalive = new Keepalive(
    { helloTimeoutMs: never, keepaliveTimeMs: never, keepaliveTimeoutMs: never, ...times },
    {
      needsAnswer: () => {
        events.add(`needed ${needed}`);
        return needed;
      },
      ask: () => events.add("ask"),
      progress: () => sent.bytes,
      giveUp: (what) => {
        events.add(what);
        keepalive.stop();
      },
    },
  );
  return { events, keepalive, sent, setNeeded: (value: boolean) => (needed = value) };
}

// Its timers do not keep a process alive; something else has to.
async function next(events: Queue<string>): Promise<string> {
  const alive = setInterval(() => {}, never);
  try {
    return await events.next();
  } finally {
    clearInterval(alive);
  }
}

describe("Keepalive", () => {
  it("gives up a peer that does not say HELLO, whatever bytes it sends", async () => {
    const { events, keepalive } = watched({ helloTimeoutMs: 20 });
    keepalive.heard();
    expect(await next(events)).toBe("no HELLO in time");
  });

  it("asks after a silence, and gives up when there is no answer", async () => {
    const { events, keepalive } = watched({ keepaliveTimeMs: 5, keepaliveTimeoutMs: 5 });
    keepalive.greeted();
    const seen = [await next(events), await next(events), await next(events), await next(events)];
    expect(seen).toEqual(["needed true", "ask", "needed true", "no sign of life"]);
  });

  it("takes any byte for an answer", async () => {
    const { events, keepalive } = watched({ keepaliveTimeMs: 5 });
    keepalive.greeted();
    for (let i = 0; i < 3; i++) {
      expect([await next(events), await next(events)]).toEqual(["needed true", "ask"]);
      keepalive.heard();
    }
    keepalive.stop();
  });

  it("takes bytes that have left for a sign of life", async () => {
    const { events, keepalive, sent } = watched({ keepaliveTimeMs: 5, keepaliveTimeoutMs: 5 });
    keepalive.greeted();
    expect([await next(events), await next(events)]).toEqual(["needed true", "ask"]);
    for (let i = 0; i < 3; i++) {
      sent.bytes += 1;
      expect(await next(events)).toBe("needed true");
    }
    expect(await next(events)).toBe("needed true");
    expect(await next(events)).toBe("no sign of life");
  });

  it("does not ask while it does not matter", async () => {
    const { events, keepalive, setNeeded } = watched({ keepaliveTimeMs: 5 });
    setNeeded(false);
    keepalive.greeted();
    expect([await next(events), await next(events)]).toEqual(["needed false", "needed false"]);
    setNeeded(true);
    expect([await next(events), await next(events)]).toEqual(["needed true", "ask"]);
    keepalive.stop();
  });
});
