import { describe, expect, it } from "vitest";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { HealthService, HealthCheckResponse_ServingStatus as ServingStatus } from "../../src/health.js";
import { allow, type PolicyRule } from "../../src/interceptors/policy.js";
import type { ServerSettings } from "../../src/server/server-options.js";
import { Status } from "../../src/status.js";
import { failure, signalled } from "../helpers/collect.js";
import { GreeterPair } from "../helpers/greeter-pair.js";
import { clientId } from "../helpers/identities.js";

const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = ServingStatus;
const policy: readonly PolicyRule[] = [allow(GreeterService, clientId), allow(HealthService, clientId)];
const greeterName = GreeterService.typeName;

async function start(server: Partial<ServerSettings> = {}) {
  const pair = await GreeterPair.start({ server: { policy, ...server } });
  const health = pair.clientOf(HealthService);
  return { ...pair, pair, server: pair.server, health };
}

describe("grpc.health.v1.Health", () => {
  it("says that all registered services are served, without any code", async () => {
    const { health } = await start();
    expect((await health.check({})).status).toBe(SERVING);
    expect((await health.check({ service: greeterName })).status).toBe(SERVING);
    expect((await health.check({ service: HealthService.typeName })).status).toBe(SERVING);
  });

  it("says what the application has set", async () => {
    const { server, health } = await start();
    server.health.set(GreeterService, "NOT_SERVING").set("a job", "SERVING");
    expect((await health.check({ service: greeterName })).status).toBe(NOT_SERVING);
    expect((await health.check({ service: "a job" })).status).toBe(SERVING);
    expect((await health.check({})).status).toBe(SERVING);
  });

  it("keeps what was set before listen()", async () => {
    const pair = new GreeterPair({ server: { policy } });
    pair.server.health.set(greeterName, "NOT_SERVING");
    expect(pair.server.health.get("")).toBeUndefined();
    await pair.server.listen(pair.target);
    expect(pair.server.health.get(greeterName)).toBe("NOT_SERVING");
    expect(pair.server.health.get("")).toBe("SERVING");
  });

  it("knows nothing of other services", async () => {
    const { health } = await start();
    expect(await failure(health.check({ service: "hello.v1.Greeter" }))).toMatchObject({
      status: Status.NOT_FOUND,
      rawMessage: "nothing is known of a service of that name",
    });
  });

  it("lists everything, up to a hundred", async () => {
    const { server, health } = await start();
    const { statuses } = await health.list({});
    expect(Object.fromEntries(Object.entries(statuses).map(([name, { status }]) => [name, status]))).toEqual({
      "": SERVING,
      [greeterName]: SERVING,
      [HealthService.typeName]: SERVING,
    });
    for (let i = 0; i < 98; i++) server.health.set(`job ${i}`, "SERVING");
    expect(await failure(health.list({}))).toMatchObject({ status: Status.RESOURCE_EXHAUSTED });
  });

  it("watches: the status now, then each change", async () => {
    const { server, health } = await start();
    const seen: ServingStatus[] = [];
    for await (const { status } of health.watch({ service: greeterName })) {
      seen.push(status);
      if (seen.length === 1) server.health.set(greeterName, "NOT_SERVING").set("another", "SERVING");
      if (seen.length === 2) server.health.set(greeterName, "NOT_SERVING").set(greeterName, "SERVING");
      if (seen.length === 3) break;
    }
    expect(seen).toEqual([SERVING, NOT_SERVING, SERVING]);
  });

  it("watches a service that is not known yet", async () => {
    const { server, health } = await start();
    const seen: ServingStatus[] = [];
    for await (const { status } of health.watch({ service: "later" })) {
      seen.push(status);
      if (seen.length === 1) server.health.set("later", "SERVING");
      else break;
    }
    expect(seen).toEqual([SERVICE_UNKNOWN, SERVING]);
  });

  it("says NOT_SERVING when the server drains, and ends the watches well", async () => {
    const { pair, server, health } = await start();
    const seen: ServingStatus[] = [];
    const first = signalled();
    const watched = (async () => {
      for await (const { status } of health.watch({})) {
        seen.push(status);
        first.resolve();
      }
    })();
    await first.promise;
    await server.drain();
    await watched;
    expect(seen).toEqual([SERVING, NOT_SERVING]);
    expect(pair.server.health.get("")).toBe("NOT_SERVING");
    expect(pair.server.health.set("", "SERVING").get("")).toBe("NOT_SERVING");
  });

  it("watches no longer than any call: maxTimeoutMs", async () => {
    const { health } = await start({ maxTimeoutMs: 100 });
    expect(await failure(health.watch({}))).toMatchObject({ status: Status.DEADLINE_EXCEEDED });
  });

  it("leaves nothing behind when a watcher leaves", async () => {
    // Those that went on would be taken for handlers that do not end, and keep the third call out. Two, because a server of
    // Node.js 22 still counts a stream of HTTP/2 for a moment after it was cancelled.
    const { health } = await start({ maxConcurrentStreams: 2 });
    for (let i = 0; i < 5; i++) {
      for await (const _ of health.watch({})) break;
      expect((await health.check({})).status).toBe(SERVING);
    }
  });

  it("is for nobody whom the policy does not allow it", async () => {
    const { health } = await start({ policy: [allow(GreeterService, clientId)] });
    for (const call of [health.check({}), health.list({}), health.watch({})]) {
      expect(await failure(call)).toMatchObject({ status: Status.PERMISSION_DENIED });
    }
  });

  it("can be replaced by an application's own", async () => {
    const pair = new GreeterPair({ server: { policy } });
    pair.server.service(HealthService, {
      check: () => ({ status: ServingStatus.UNKNOWN }),
      list: () => ({}),
      async *watch() {},
    });
    await pair.server.listen(pair.target);
    const health = pair.clientOf(HealthService);
    expect((await health.check({})).status).toBe(ServingStatus.UNKNOWN);
  });
});

describe("server.health.set()", () => {
  it.each(["serving", "SERVICE_UNKNOWN", "", undefined])("does not take %s", (status) => {
    const { server } = new GreeterPair();
    expect(() => server.health.set("", status as never)).toThrow(
      expect.objectContaining({ code: "ERR_INVALID_OPTION", message: expect.stringContaining("UNKNOWN, SERVING") }),
    );
  });
});
