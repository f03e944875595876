import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.js";
import { checkCallLimits, type LimitOptions } from "../../src/interceptors/call-limits.js";
import { methodLimits } from "../../src/interceptors/method-limits.js";
import { methodContract } from "../../src/rpc/method-contract.js";
import { GreeterPair } from "../helpers/greeter-pair.js";
import { thrown } from "../helpers/thrown.js";
import { withPolicy } from "../helpers/with-policy.js";

const sayHello = "hello.v1.GreeterService/SayHello";

describe("the option limits", () => {
  it("reads a number as a rate with one second's burst", () => {
    const rates = [5, 0.1, { perSecond: 2, burst: 9 }].map(
      (callsPerSecond) => checkCallLimits({ callsPerSecond }).rate,
    );
    expect(rates).toEqual([
      { perSecond: 5, burst: 5 },
      { perSecond: 0.1, burst: 1 },
      { perSecond: 2, burst: 9 },
    ]);
  });

  const wrong: readonly (readonly [unknown, string])[] = [
    [{ callPerSecond: 1 }, 'limits has no option "callPerSecond"'],
    [{ callsPerSecond: 0 }, "limits.callsPerSecond must be more than 0 and at most"],
    [{ callsPerSecond: -1 }, "limits.callsPerSecond must be more than 0 and at most"],
    [{ callsPerSecond: Number.NaN }, "limits.callsPerSecond must be more than 0 and at most"],
    [{ callsPerSecond: Number.POSITIVE_INFINITY }, "limits.callsPerSecond must be more than 0 and at most"],
    [{ callsPerSecond: "10" }, "limits.callsPerSecond must be more than 0 and at most"],
    [{ callsPerSecond: null }, "limits.callsPerSecond must be more than 0 and at most"],
    [{ callsPerSecond: { perSecond: 1, burst: 0 } }, "limits.callsPerSecond.burst must be between 1 and"],
    [{ callsPerSecond: { perSecond: 1, burst: 1.5 } }, "limits.callsPerSecond.burst must be a whole number"],
    [{ callsPerSecond: { perSecond: 1, bursts: 2 } }, 'limits.callsPerSecond has no option "bursts"'],
    [{ maxConcurrentCalls: 0 }, "limits.maxConcurrentCalls must be between 1 and"],
    [{ maxOpenStreams: 2.5 }, "limits.maxOpenStreams must be a whole number"],
    [{ maxEventLoopDelayMs: 0 }, "limits.maxEventLoopDelayMs must be between 1 and"],
    [{ isOverloaded: true }, "limits.isOverloaded must be a function"],
    [{ methods: { [sayHello]: { callsPerSecond: 0 } } }, `limits.methods["${sayHello}"].callsPerSecond must be more`],
    [
      { methods: { [sayHello]: { maxRequestByte: 1 } } },
      `limits.methods["${sayHello}"] has no option "maxRequestByte"`,
    ],
  ];
  for (const [options, message] of wrong) {
    it(`refuses ${JSON.stringify(options)}`, () => {
      const error = thrown(UsageError, () => checkCallLimits(options as LimitOptions));
      expect(error).toMatchObject({ code: "ERR_INVALID_OPTION", message: expect.stringContaining(message) });
    });
  }

  it("refuses limits for a method that is not served, before anything is open", async () => {
    for (const name of ["hello.v1.GreeterService/sayHello", "/hello.v1.GreeterService/SayHello", "x.Y/Z"]) {
      const pair = new GreeterPair({ server: { limits: { methods: { [name]: { maxConcurrentCalls: 1 } } } } });
      await expect(pair.server.listen(pair.target)).rejects.toMatchObject({
        code: "ERR_INVALID_OPTION",
        message: expect.stringContaining(`limits.methods names "${name}", which is not served; served are ${sayHello}`),
      });
    }
  });

  it("adds to the schema what is tighter, number by number", () => {
    const service = withPolicy({
      SayHello: { rateLimit: { perSecond: 5, burst: 50 }, maxConcurrentCalls: 4, maxRequestBytes: 100 },
    });
    const limits = checkCallLimits({
      methods: {
        [sayHello]: {
          callsPerSecond: { perSecond: 10, burst: 20 },
          maxConcurrentCalls: 3,
          maxRequestBytes: 200,
          maxResponseBytes: 10,
        },
      },
    });
    expect(methodLimits(methodContract(service.method.sayHello), limits)).toEqual({
      rate: { perSecond: 5, burst: 20 },
      maxConcurrentCalls: 3,
      maxRequestBytes: 100,
      maxResponseBytes: 10,
      streams: false,
    });
    expect(methodLimits(methodContract(service.method.chat), limits)).toEqual({
      rate: undefined,
      maxConcurrentCalls: undefined,
      maxRequestBytes: undefined,
      maxResponseBytes: undefined,
      streams: true,
    });
  });
});
