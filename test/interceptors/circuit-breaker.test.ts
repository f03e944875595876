import { describe, expect, it } from "vitest";
import { createClient } from "../../src/client/client.js";
import { RpcError } from "../../src/errors.js";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import {
  CircuitBreaker,
  type CircuitBreakerOptions,
  type CircuitState,
} from "../../src/interceptors/circuit-breaker.js";
import type { Call } from "../../src/rpc/call.js";
import { Status } from "../../src/status.js";
import { failure } from "../helpers/collect.js";
import { GreeterPair } from "../helpers/greeter-pair.js";
import { serverId } from "../helpers/identities.js";

const options = { windowMs: 10_000, minCalls: 4, failureRatio: 0.5, openMs: 5_000 };

const silentCall = { onResponseMessage: () => {} } as unknown as Call;

/** A breaker on a clock of the test's own. */
class Trial {
  now = 100_000;
  readonly states: CircuitState[] = [];
  readonly breaker = new CircuitBreaker(
    options,
    () => this.now,
    () => 0.5,
  );

  constructor() {
    this.breaker.onChange((state) => this.states.push(state));
  }

  good = () => this.breaker.stage(silentCall, async () => {});

  fails(status: Exclude<Status, 0> = Status.UNAVAILABLE): Promise<RpcError> {
    return failure(
      this.breaker.stage(silentCall, async () => {
        throw new RpcError(status, "no");
      }),
    );
  }

  /** A call that goes on until told how it ends. */
  pending(): { end(error?: RpcError): Promise<unknown> } {
    let settle: (error?: RpcError) => void = () => {};
    const done = this.breaker.stage(
      silentCall,
      () => new Promise<void>((resolve, reject) => (settle = (error) => (error ? reject(error) : resolve()))),
    );
    return {
      end: (error) => {
        settle(error);
        return done.catch((reason: unknown) => reason);
      },
    };
  }

  async open(): Promise<void> {
    for (let i = 0; i < options.minCalls; i++) await this.fails();
    expect(this.breaker.current()).toBe("open");
  }
}

describe("a circuit breaker", () => {
  it("opens at the ratio, not before the least number of calls", async () => {
    const trial = new Trial();
    for (let i = 0; i < 3; i++) await trial.fails();
    expect(trial.breaker.current()).toBe("closed");
    await trial.fails();
    expect(trial.breaker.current()).toBe("open");
    let sent = false;
    const error = await failure(
      trial.breaker.stage(silentCall, async () => {
        sent = true;
      }),
    ).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ status: Status.UNAVAILABLE, code: "ERR_CIRCUIT_OPEN", attempts: 0 });
    expect((error as RpcError).rawMessage).toBe("too many calls to this server have failed; none are sent for a while");
    expect(sent).toBe(false);
  });

  it("stays closed below the ratio", async () => {
    const trial = new Trial();
    for (let i = 0; i < 50; i++) {
      await trial.good();
      await trial.good();
      await trial.fails();
    }
    expect(trial.states).toEqual([]);
  });

  it("forgets what is older than its window", async () => {
    const trial = new Trial();
    for (let i = 0; i < 3; i++) await trial.fails();
    trial.now += 11_000;
    for (let i = 0; i < 3; i++) await trial.fails();
    expect(trial.breaker.current()).toBe("closed");
  });

  it("counts neither refusals of identity and policy, nor callers who leave, nor answers", async () => {
    const trial = new Trial();
    for (const status of [Status.CANCELLED, Status.UNAUTHENTICATED, Status.PERMISSION_DENIED, Status.NOT_FOUND]) {
      for (let i = 0; i < 10; i++) await trial.fails(status);
    }
    expect(trial.states).toEqual([]);
  });

  it("lets one call through when its time is over, and closes when that succeeds", async () => {
    const trial = new Trial();
    await trial.open();
    trial.now += 5_499;
    expect(await trial.fails()).toMatchObject({ code: "ERR_CIRCUIT_OPEN" });
    trial.now += 2;
    const probe = trial.pending();
    expect(trial.breaker.current()).toBe("half_open");
    expect(await trial.fails()).toMatchObject({ code: "ERR_CIRCUIT_OPEN" });
    await probe.end();
    await trial.good();
    expect(trial.states).toEqual(["open", "half_open", "closed"]);
  });

  it("opens again when the probe fails, and forgets the failures of before when it does not", async () => {
    const trial = new Trial();
    await trial.open();
    trial.now += 6_000;
    await trial.fails();
    expect(trial.states).toEqual(["open", "half_open", "open"]);
    trial.now += 6_000;
    await trial.good();
    for (let i = 0; i < 3; i++) await trial.fails();
    expect(trial.breaker.current()).toBe("closed");
  });

  it("sends another probe when the caller of the first leaves", async () => {
    const trial = new Trial();
    await trial.open();
    trial.now += 6_000;
    await trial.fails(Status.CANCELLED);
    await trial.good();
    expect(trial.states).toEqual(["open", "half_open", "closed"]);
  });

  it("judges a probe by its first response: a stream may go on for hours", async () => {
    const trial = new Trial();
    await trial.open();
    trial.now += 6_000;
    let respond = () => {};
    const call = { onResponseMessage: (hook: () => void) => (respond = hook) } as unknown as Call;
    let end = (_: Error) => {};
    const probe = trial.breaker.stage(call, () => new Promise<void>((_, reject) => (end = reject)));
    expect(await trial.fails()).toMatchObject({ code: "ERR_CIRCUIT_OPEN" });
    respond();
    await trial.good();
    respond();
    expect(trial.states).toEqual(["open", "half_open", "closed"]);
    // Its end is that of a call like any other.
    end(new RpcError(Status.UNAVAILABLE, "no"));
    await failure(probe);
    expect(trial.breaker.current()).toBe("closed");
    for (let i = 0; i < 3; i++) await trial.fails();
    expect(trial.breaker.current()).toBe("open");
  });

  it("goes on when a listener throws, and says so in a process warning", async () => {
    const trial = new Trial();
    trial.breaker.onChange(() => {
      throw new Error("a listener's own");
    });
    const warned: Error[] = [];
    const onWarning = (warning: Error) => warned.push(warning);
    process.on("warning", onWarning);
    await trial.open();
    trial.now += 6_000;
    await trial.good();
    await trial.good();
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", onWarning);
    expect(trial.states).toEqual(["open", "half_open", "closed"]);
    expect(warned.map(({ message }) => message)).toEqual(new Array(3).fill("a listener's own"));
  });

  it("does not judge by calls that began before it opened", async () => {
    const trial = new Trial();
    const early = trial.pending();
    await trial.open();
    await early.end();
    expect(trial.breaker.current()).toBe("open");
  });
});

describe("the circuit breaker of a channel", () => {
  it("stops the calls of all its clients, shows its state, and writes it down", async () => {
    let handled = 0;
    const pair = await GreeterPair.start({
      implementation: {
        sayHello: () => {
          handled += 1;
          throw new RpcError(Status.INTERNAL, "broken");
        },
      },
    });
    const channel = pair.newChannel({ logger: pair.log, circuitBreaker: { minCalls: 3 } });
    const states: CircuitState[] = [];
    channel.breaker?.onChange((state) => states.push(state));
    const one = createClient(GreeterService, channel, { timeoutMs: 5_000 });
    const other = createClient(GreeterService, channel, { timeoutMs: 5_000 });
    for (let i = 0; i < 3; i++) {
      expect(await failure(one.sayHello({ name: "x" }))).toMatchObject({ status: Status.INTERNAL });
    }
    expect(channel.breaker?.current()).toBe("open");
    expect(await failure(other.sayHello({ name: "x" }))).toMatchObject({ code: "ERR_CIRCUIT_OPEN" });
    expect(states).toEqual(["open"]);
    expect(handled).toBe(3);
    expect(await pair.log.find(({ event }) => event === "circuit")).toMatchObject({
      level: "warn",
      state: "open",
      code: "ERR_CIRCUIT_OPEN",
      peer: serverId,
    });
  });

  it("is not there unless it is asked for", () => {
    const pair = new GreeterPair();
    expect(pair.newChannel().breaker).toBeUndefined();
  });

  it("is refused with numbers that make no sense", () => {
    const pair = new GreeterPair();
    for (const [circuitBreaker, message] of [
      [{ failureRatio: 0 }, "circuitBreaker.failureRatio must be more than 0 and at most 1, not 0"],
      [{ failureRatio: 1.1 }, "circuitBreaker.failureRatio must be more than 0 and at most 1, not 1.1"],
      [{ minCalls: 0 }, "circuitBreaker.minCalls must be between 1 and 9007199254740991, not 0"],
      [{ openMs: -1 }, "circuitBreaker.openMs must be between 1 and 2147483647, not -1"],
      [
        { ratio: 0.5 } as object,
        'circuitBreaker has no option "ratio"; it knows windowMs, minCalls, failureRatio, openMs',
      ],
    ] as const) {
      expect(() => pair.newChannel({ circuitBreaker: circuitBreaker as CircuitBreakerOptions })).toThrow(message);
    }
  });
});
