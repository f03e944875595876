import { describe, expect, it } from "vitest";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import type { Anomaly } from "../../src/interceptors/anomaly.js";
import { allow, deny } from "../../src/interceptors/policy.js";
import { Status } from "../../src/status.js";
import { failure } from "../helpers/collect.js";
import { GreeterPair } from "../helpers/greeter-pair.js";
import { clientId } from "../helpers/identities.js";

const { sayHello } = GreeterService.method;
const policy = [allow(GreeterService, clientId), deny(sayHello, clientId)] as const;

describe("a server whose peer is refused again and again", () => {
  it("says so once, to the program and in its log, and goes on", async () => {
    const anomalies: Anomaly[] = [];
    const onAnomaly = (anomaly: Anomaly) => {
      anomalies.push(anomaly);
      throw new Error("a listener that fails");
    };
    const pair = await GreeterPair.start({ server: { policy, onAnomaly } });
    for (let n = 0; n < 30; n++) await failure(pair.client.sayHello({ name: "Ada" }));
    const expected = {
      kind: "refusal-burst",
      peer: clientId,
      count: 20,
      code: "ERR_POLICY",
      method: "/hello.v1.GreeterService/SayHello",
    };
    expect(anomalies).toMatchObject([expected]);
    expect(pair.log.records.filter(({ event }) => event === "anomaly")).toMatchObject([expected]);
    expect((await pair.client.collectHellos([{ name: "Ada" }])).count).toBe(1);
  });

  it("keeps it out for a while where that was asked for", async () => {
    const quarantine = { forMs: 60_000, kinds: ["refusal-burst"] } as const;
    const pair = await GreeterPair.start({ server: { policy, quarantine } });
    for (let n = 0; n < 20; n++) await failure(pair.client.sayHello({ name: "Ada" }));
    const error = await failure(pair.client.collectHellos([{ name: "Ada" }]));
    expect(error.status).toBe(Status.PERMISSION_DENIED);
    expect(error.message).toMatch(/permission denied \(reference [0-9a-f]{12}\)$/);
    expect(pair.server.refusedCalls.get("ERR_QUARANTINED")).toBe(1);
  });

  it("cannot be told to quarantine names that are merely claimed", () => {
    const quarantine = { forMs: 1_000, kinds: ["pin-mismatch"] } as const;
    expect(() => new GreeterPair({ server: { quarantine } })).toThrow(/quarantine.kinds takes/);
  });
});
