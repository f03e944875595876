// What of a service config must not compile; `npm run typecheck` is what runs this test.
import { expect, it } from "vitest";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import type { HedgingPolicy, MethodConfig, RetryPolicy, ServiceConfig } from "../../src/index.js";

const retryPolicy: RetryPolicy = {
  maxAttempts: 5,
  initialBackoffMs: 50,
  maxBackoffMs: 1_000,
  backoffMultiplier: 2,
  retryableStatusCodes: ["UNAVAILABLE"],
};
const hedgingPolicy: HedgingPolicy = { maxAttempts: 2, hedgingDelayMs: 10 };

function mustNotCompile(): unknown[] {
  // @ts-expect-error six attempts where five are possible
  const sixAttempts: RetryPolicy = { ...retryPolicy, maxAttempts: 6 };
  // @ts-expect-error one attempt is no retry
  const oneAttempt: RetryPolicy = { ...retryPolicy, maxAttempts: 1 };
  // @ts-expect-error a time without its unit
  const noUnit: RetryPolicy = { ...retryPolicy, initialBackoff: "0.1s" };
  // @ts-expect-error no status at all
  const noStatus: RetryPolicy = { ...retryPolicy, retryableStatusCodes: [] };
  // @ts-expect-error a refusal is never retried
  const refusal: RetryPolicy = { ...retryPolicy, retryableStatusCodes: ["PERMISSION_DENIED"] };
  // @ts-expect-error a deadline neither
  const late: HedgingPolicy = { ...hedgingPolicy, nonFatalStatusCodes: ["DEADLINE_EXCEEDED"] };
  // @ts-expect-error both policies
  const both: MethodConfig = { name: [{ service: GreeterService }], retryPolicy, hedgingPolicy };
  // @ts-expect-error a method without its service
  const noService: MethodConfig = { name: [{ method: "SayHello" }] };
  // @ts-expect-error a policy for nothing
  const nothing: MethodConfig = { name: [], retryPolicy };
  return [sixAttempts, oneAttempt, noUnit, noStatus, refusal, late, both, noService, nothing];
}

function mustCompile(): ServiceConfig {
  return {
    methodConfig: [
      { name: [{ service: GreeterService, method: "SayHello" }], timeoutMs: 500, waitForReady: true, retryPolicy },
      { name: [{ service: "hello.v1.GreeterService", method: "SayManyHellos" }], hedgingPolicy },
      { name: [{}], retryPolicy: "none" },
    ],
    retryThrottling: { maxTokens: 10, tokenRatio: 0.1 },
  };
}

it("is checked by the compiler", () => {
  expect([mustNotCompile, mustCompile]).toHaveLength(2);
});
