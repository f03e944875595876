import { describe, expect, it } from "vitest";
import { createChannel } from "../../src/client/channel.js";
import { checkServiceConfig } from "../../src/client/check-service-config.js";
import { createClient } from "../../src/client/client.js";
import { parseServiceConfig } from "../../src/client/parse-service-config.js";
import type { ServiceConfig } from "../../src/client/service-config.js";
import { ConfigError } from "../../src/errors.js";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { MutableSource } from "../../src/source.js";
import { clientId, serverId, World } from "../helpers/identities.js";

const service = "hello.v1.GreeterService";
const name = [{ service, method: "SayHello" }];
const retryPolicy = {
  maxAttempts: 3,
  initialBackoffMs: 10,
  maxBackoffMs: 100,
  backoffMultiplier: 2,
  retryableStatusCodes: ["UNAVAILABLE"],
};
const hedgingPolicy = { maxAttempts: 3, hedgingDelayMs: 10 };
const world = new World();
const channelOptions = {
  credentials: new MutableSource(world.credentials(clientId, serverId)),
  target: "unix:/run/nowhere/greeter.sock",
  peer: serverId,
};

/** What is said of a config that JavaScript passes although its types do not allow it. */
function refusal(config: unknown): ConfigError {
  try {
    createClient(GreeterService, { ...channelOptions, timeoutMs: 1_000, serviceConfig: config as ServiceConfig });
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error("the config was accepted");
}

const one = (entry: object) => ({ methodConfig: [{ name, ...entry }] });
const policy = (change: object) => one({ retryPolicy: { ...retryPolicy, ...change } });

describe("a service config is refused for", () => {
  const place = "serviceConfig.methodConfig[0]";
  const cases: Record<string, [config: unknown, problem: string, hint: string]> = {
    "not being an object": [7, "serviceConfig is 7", "it has to be an object"],
    "an unknown field": [
      { loadBalancingConfig: [] },
      'serviceConfig has no field "loadBalancingConfig"',
      "it knows methodConfig, retryThrottling",
    ],
    "a field of gRPC's JSON form": [
      one({ timeout: "1s" }),
      `${place} has no field "timeout"`,
      "it knows name, timeoutMs, waitForReady, retryPolicy, hedgingPolicy",
    ],
    "no name": [{ methodConfig: [{}] }, `${place}.name is missing`, "it has to be a list with at least one element"],
    "a method without its service": [
      { methodConfig: [{ name: [{ method: "SayHello" }] }] },
      `${place}.name[0] names a method without its service`,
      "add service",
    ],
    "a service that is not this client's": [
      { methodConfig: [{ name: [{ service: "hello.v1.Greeter" }] }] },
      `${place} names the service hello.v1.Greeter`,
      `this client is one of ${service}`,
    ],
    "a method that does not exist": [
      { methodConfig: [{ name: [{ service, method: "sayHello" }] }] },
      `${place} names ${service}/sayHello, which does not exist`,
      "there are SayHello, SayManyHellos, CollectHellos, Chat",
    ],
    "a name twice": [
      { methodConfig: [{ name }, { name: [{ service: GreeterService, method: "SayHello" }] }] },
      `serviceConfig.methodConfig[1].name[0] names ${service}/SayHello a second time`,
      `${place} does already`,
    ],
    "the default twice": [
      { methodConfig: [{ name: [{}, {}] }] },
      `${place}.name[1] names all methods a second time`,
      `${place} does already`,
    ],
    "six attempts": [policy({ maxAttempts: 6 }), `${place}.retryPolicy.maxAttempts is 6`, "it has to be 2, 3, 4 or 5"],
    "one attempt": [policy({ maxAttempts: 1 }), `${place}.retryPolicy.maxAttempts is 1`, "it has to be 2, 3, 4 or 5"],
    "a negative backoff": [
      policy({ initialBackoffMs: -1 }),
      `${place}.retryPolicy.initialBackoffMs is -1`,
      "it has to be more than 0 milliseconds, and at most 2147483647",
    ],
    "a backoff of nothing": [
      policy({ maxBackoffMs: 0 }),
      `${place}.retryPolicy.maxBackoffMs is 0`,
      "it has to be more than 0 milliseconds, and at most 2147483647",
    ],
    "a backoff without end": [
      policy({ maxBackoffMs: Number.POSITIVE_INFINITY }),
      `${place}.retryPolicy.maxBackoffMs is Infinity`,
      "it has to be more than 0 milliseconds, and at most 2147483647",
    ],
    "a backoff that shrinks": [
      policy({ backoffMultiplier: 0.5 }),
      `${place}.retryPolicy.backoffMultiplier is 0.5`,
      "it has to be from 1 to 100",
    ],
    "a missing field": [
      policy({ backoffMultiplier: undefined }),
      `${place}.retryPolicy.backoffMultiplier is missing`,
      "it has to be from 1 to 100",
    ],
    "no status to retry": [
      policy({ retryableStatusCodes: [] }),
      `${place}.retryPolicy.retryableStatusCodes is a list of 0`,
      "it has to be a list with at least one element",
    ],
    "a status that there is not": [
      policy({ retryableStatusCodes: ["UNAVAILABLE", "BUSY"] }),
      `${place}.retryPolicy.retryableStatusCodes[1] is "BUSY"`,
      "it has to be the name of a gRPC status",
    ],
    "a status that is never retried": [
      policy({ retryableStatusCodes: ["PERMISSION_DENIED"] }),
      `${place}.retryPolicy.retryableStatusCodes[0] is PERMISSION_DENIED`,
      "leave it out: a call that ends with CANCELLED, DEADLINE_EXCEEDED, PERMISSION_DENIED, UNAUTHENTICATED is never sent again",
    ],
    "a status twice": [
      policy({ retryableStatusCodes: ["UNAVAILABLE", "UNAVAILABLE"] }),
      `${place}.retryPolicy.retryableStatusCodes[1] is UNAVAILABLE a second time`,
      "name it once",
    ],
    "both policies": [
      one({ retryPolicy, hedgingPolicy }),
      `${place} has retryPolicy and hedgingPolicy`,
      "a method has at most one of them",
    ],
    "a retry policy where the schema has no idempotency_level": [
      { methodConfig: [{ name: [{ service, method: "CollectHellos" }], retryPolicy }] },
      `${place}.retryPolicy is for ${service}/CollectHellos, whose schema does not say that it may be repeated`,
      "give the method the option idempotency_level (IDEMPOTENT or NO_SIDE_EFFECTS) if that is so, else name only methods that have it",
    ],
    "a retry policy for a service one of whose methods has none": [
      { methodConfig: [{ name: [{ service }], retryPolicy }] },
      `${place}.retryPolicy is for ${service}/CollectHellos, whose schema does not say that it may be repeated`,
      "give the method the option idempotency_level (IDEMPOTENT or NO_SIDE_EFFECTS) if that is so, else name only methods that have it",
    ],
    "hedging where the schema does not say NO_SIDE_EFFECTS": [
      { methodConfig: [{ name: [{ service, method: "Chat" }], hedgingPolicy }] },
      `${place}.hedgingPolicy is for ${service}/Chat, whose schema does not say that it has no side effects`,
      "give the method the option idempotency_level = NO_SIDE_EFFECTS if that is so, else name only methods that have it",
    ],
    "a hedging delay below nothing": [
      one({ hedgingPolicy: { ...hedgingPolicy, hedgingDelayMs: -1 } }),
      `${place}.hedgingPolicy.hedgingDelayMs is -1`,
      "it has to be at least 0 milliseconds, and at most 2147483647",
    ],
    "a time limit of nothing": [
      one({ timeoutMs: 0 }),
      `${place}.timeoutMs is 0`,
      "it has to be at least 1 milliseconds, and at most 2147483647",
    ],
    "a wish that is neither yes nor no": [
      one({ waitForReady: "yes" }),
      `${place}.waitForReady is "yes"`,
      "it has to be true or false",
    ],
    "throttling without tokens": [
      { retryThrottling: { maxTokens: 0, tokenRatio: 0.1 } },
      "serviceConfig.retryThrottling.maxTokens is 0",
      "it has to be more than 0 and at most 1000",
    ],
    "throttling that never recovers": [
      { retryThrottling: { maxTokens: 10, tokenRatio: 0 } },
      "serviceConfig.retryThrottling.tokenRatio is 0",
      "it has to be from 0.001 to 1",
    ],
  };
  for (const [what, [config, problem, hint]] of Object.entries(cases)) {
    it(what, () => {
      expect(refusal(config)).toMatchObject({ code: "ERR_SERVICE_CONFIG", problem, hint });
    });
  }
});

describe("the config of a channel", () => {
  const config = { methodConfig: [{ name: [{ service, method: "Chat" }], retryPolicy }] } as unknown as ServiceConfig;

  it("may be about several services, and is checked where one of them is used", () => {
    const other = { methodConfig: [{ name: [{ service: "other.v1.Service" }] }] } as const;
    const channel = createChannel({ ...channelOptions, serviceConfig: other });
    expect(() => createClient(GreeterService, channel, { timeoutMs: 1_000 })).not.toThrow();
    const wrong = createChannel({ ...channelOptions, serviceConfig: config });
    expect(() => createClient(GreeterService, wrong, { timeoutMs: 1_000 })).toThrow(
      /Chat, whose schema does not say that it may be repeated/,
    );
  });

  it("is checked at once where it names a service by its descriptor", () => {
    const described = { methodConfig: [{ name: [{ service: GreeterService, method: "Greet" }] }] } as const;
    expect(() => createChannel({ ...channelOptions, serviceConfig: described })).toThrow(/which does not exist/);
  });

  it("is where the throttling belongs", () => {
    const channel = createChannel(channelOptions);
    const serviceConfig = { retryThrottling: { maxTokens: 10, tokenRatio: 0.1 } };
    expect(() => createClient(GreeterService, channel, { timeoutMs: 1_000, serviceConfig })).toThrow(
      /retryThrottling is not for one client of a shared channel - put it into the serviceConfig of createChannel\(\)/,
    );
  });
});

describe("parseServiceConfig()", () => {
  it("reads gRPC's JSON form", () => {
    const json = JSON.stringify({
      methodConfig: [
        {
          name: [{ service, method: "SayHello" }],
          timeout: "1.5s",
          waitForReady: true,
          retryPolicy: {
            maxAttempts: 4,
            initialBackoff: "0.1s",
            maxBackoff: "1s",
            backoffMultiplier: 2,
            retryableStatusCodes: ["unavailable", 8],
          },
        },
        { name: [{}], hedgingPolicy: { maxAttempts: 2, hedgingDelay: "0.020s", nonFatalStatusCodes: [14] } },
      ],
      retryThrottling: { maxTokens: 10, tokenRatio: 0.1 },
    });
    expect(parseServiceConfig(json)).toEqual({
      methodConfig: [
        {
          name: [{ service, method: "SayHello" }],
          timeoutMs: 1_500,
          waitForReady: true,
          retryPolicy: {
            maxAttempts: 4,
            initialBackoffMs: 100,
            maxBackoffMs: 1_000,
            backoffMultiplier: 2,
            retryableStatusCodes: ["UNAVAILABLE", "RESOURCE_EXHAUSTED"],
          },
        },
        { name: [{}], hedgingPolicy: { maxAttempts: 2, hedgingDelayMs: 20, nonFatalStatusCodes: ["UNAVAILABLE"] } },
      ],
      retryThrottling: { maxTokens: 10, tokenRatio: 0.1 },
    });
    expect(checkServiceConfig(parseServiceConfig(json)).entries.size).toBe(2);
  });

  const wrong: Record<string, [json: string, message: RegExp]> = {
    "no JSON": ['{"methodConfig": [}', /^serviceConfig:1:19: it is not JSON - docs\/retries\.md has an example$/],
    "no text": [undefined as never, /^serviceConfig is not a text - docs\/retries\.md has an example$/],
    "a key twice": [
      '{"methodConfig": [], "retryThrottling": {"maxTokens": 1, "tokenRatio": 1},\n "methodConfig": []}',
      /^serviceConfig:2:2: the key "methodConfig" occurs twice - docs\/retries\.md has an example$/,
    ],
    "an unknown field": ['{"methodConfigs":[]}', /^serviceConfig has no field "methodConfigs" - /],
    "a duration without its unit": [
      '{"methodConfig":[{"name":[{}],"timeout":"1"}]}',
      /^serviceConfig\.methodConfig\[0\]\.timeout is "1" - it has to be a duration such as "0\.1s"$/,
    ],
    "a duration that is a number": [
      '{"methodConfig":[{"name":[{}],"timeout":1}]}',
      /timeout is 1 - it has to be a duration/,
    ],
  };
  for (const [what, [json, message]] of Object.entries(wrong)) {
    it(`refuses ${what}`, () => {
      expect(() => parseServiceConfig(json)).toThrow(message);
    });
  }

  it("leaves what the values mean to the check: a negative backoff is refused there", () => {
    const retry =
      '{"maxAttempts":4,"initialBackoff":"-1s","maxBackoff":"1s","backoffMultiplier":2,"retryableStatusCodes":[14]}';
    const config = parseServiceConfig(
      `{"methodConfig":[{"name":[{"service":"${service}","method":"SayHello"}],"retryPolicy":${retry}}]}`,
    );
    expect(refusal(config)).toMatchObject({
      problem: "serviceConfig.methodConfig[0].retryPolicy.initialBackoffMs is -1000",
    });
  });
});
