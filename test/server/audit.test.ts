import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { describe, expect, it } from "vitest";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { allow, deny } from "../../src/interceptors/policy.js";
import { Status } from "../../src/status.js";
import { AuditPlace } from "../helpers/audit-place.js";
import { failure, signalled } from "../helpers/collect.js";
import { GreeterPair, type PairOptions } from "../helpers/greeter-pair.js";
import { clientId } from "../helpers/identities.js";

const allowAll = allow(GreeterService, clientId);

/** Serves, lets `use` make calls, ends everything and returns what is in the log. */
async function recordsOf(
  level: "none" | "denials" | "all",
  use: (pair: GreeterPair) => Promise<unknown>,
  options: PairOptions = {},
) {
  const place = new AuditPlace();
  const log = await place.open();
  const pair = await GreeterPair.start({
    ...options,
    server: { ...options.server, audit: log, auditLevel: level },
  });
  await use(pair);
  await pair.server.close();
  await log.close();
  expect(await place.verify()).toMatchObject({ ok: true, unsigned: 0 });
  return place.records.filter(({ type }) => /^c\w+\./.test(String(type)));
}

describe("an audit log of all calls", () => {
  it("has one begin and one end for each of the four kinds", async () => {
    const records = await recordsOf("all", async ({ client }) => {
      await client.sayHello({ name: "Ada" });
      for await (const _ of client.sayManyHellos({ name: "Ada", count: 2 }));
      await client.collectHellos([{ name: "Ada" }]);
      for await (const _ of client.chat([{ name: "Ada" }]));
    });
    expect(records.map(({ type, method, status }) => [type, method, status])).toEqual(
      ["SayHello", "SayManyHellos", "CollectHellos", "Chat"].flatMap((name) => [
        ["call.begin", `/hello.v1.GreeterService/${name}`, undefined],
        ["call.end", `/hello.v1.GreeterService/${name}`, "OK"],
      ]),
    );
    for (const [index, record] of records.entries()) {
      expect(record.peer).toBe(clientId);
      if (record.type === "call.end") expect(record.begin).toBe(records[index - 1]?.seq);
      else expect(record.pin).toMatch(/^sha256\//);
    }
  });

  it("has one end for a call that fails, is cancelled, or never settles", async () => {
    const records = await recordsOf(
      "all",
      async ({ client }) => {
        expect((await failure(client.sayHello({ name: "fail" }))).status).toBe(Status.INTERNAL);
        expect((await failure(client.sayHello({ name: "hang" }))).status).toBe(Status.DEADLINE_EXCEEDED);
      },
      {
        // Ended by the server, long before the client's own deadline.
        server: { maxTimeoutMs: 2_000 },
        implementation: {
          sayHello: ({ name }) => {
            if (name === "fail") throw new Error("secret");
            return new Promise<never>(() => {});
          },
        },
      },
    );
    const ends = records.filter(({ type }) => type === "call.end");
    expect(ends.map(({ status, code }) => [status, code])).toEqual([
      ["INTERNAL", "ERR_HANDLER_FAILED"],
      ["DEADLINE_EXCEEDED", "ERR_RPC_DEADLINE_EXCEEDED"],
    ]);
    expect(JSON.stringify(records)).not.toContain("secret");
  });

  it("keeps a method from running when the record cannot be written", async () => {
    let ran = 0;
    const place = new AuditPlace();
    const log = await place.open();
    const pair = await GreeterPair.start({
      server: { audit: log, auditLevel: "all" },
      implementation: {
        sayHello: () => {
          ran += 1;
          return { greeting: "" };
        },
      },
    });
    // Somebody else wrote to it.
    appendFileSync(place.segments[0] ?? "", "{}\n");
    const error = await failure(pair.client.sayHello({ name: "Ada" }));
    expect(error).toMatchObject({ status: Status.UNAVAILABLE });
    expect(error.message).toMatch(/temporarily unavailable \(reference [0-9a-f]{12}\)/);
    expect(ran).toBe(0);
  });
});

describe("an audit log that is closed too early", () => {
  const begun = signalled();
  const implementation = {
    sayHello: () => {
      begun.resolve();
      return new Promise<never>(() => {});
    },
  };

  it("says so and goes on, until each call that began has its end", async () => {
    const place = new AuditPlace();
    const log = await place.open();
    const pair = await GreeterPair.start({ server: { audit: log, auditLevel: "all" }, implementation });
    const under = failure(pair.client.sayHello({ name: "Ada" }));
    await begun.promise;
    await expect(log.close()).rejects.toMatchObject({
      name: "UsageError",
      code: "ERR_AUDIT_IN_USE",
      message: "the audit log cannot be closed while a server writes to it: close or drain the server first",
    });
    await pair.client.collectHellos([{ name: "Ada" }]);
    await pair.server.close();
    expect((await under).status).toBe(Status.UNAVAILABLE);
    await log.close();
    expect(await place.verify()).toMatchObject({ ok: true, unsigned: 0 });
    const count = (type: string) => place.records.filter((record) => record.type === type).length;
    expect([count("call.begin"), count("call.end"), count("close")]).toEqual([2, 2, 1]);
  });

  it("waits for the last of several servers", async () => {
    const place = new AuditPlace();
    const log = await place.open();
    const pairs = [
      await GreeterPair.start({ server: { audit: log } }),
      await GreeterPair.start({ server: { audit: log } }),
    ];
    for (const { server } of pairs) {
      await expect(log.close()).rejects.toMatchObject({ code: "ERR_AUDIT_IN_USE" });
      await server.close();
      await server.close();
    }
    await log.close();
  });

  it("keeps a server from starting, and a server that does not start from keeping it open", async () => {
    const place = new AuditPlace();
    const log = await place.open();
    const without = new GreeterPair({ server: { audit: log, policyFile: join(place.base, "nothing.json") } });
    await expect(without.server.listen(without.target)).rejects.toMatchObject({ code: "ERR_FILE_MISSING" });
    await log.close();
    const late = new GreeterPair({ server: { audit: log } });
    await expect(late.server.listen(late.target)).rejects.toMatchObject({
      code: "ERR_AUDIT_UNAVAILABLE",
      message: expect.stringMatching(/^the audit log is closed/),
    });
  });
});

describe("an audit log of denials", () => {
  it("has refused calls with their reason, and no others", async () => {
    const records = await recordsOf(
      "denials",
      async ({ client }) => {
        await client.collectHellos([{ name: "Ada" }]);
        await failure(client.sayHello({ name: "Ada" }));
      },
      { server: { policy: [allowAll, deny(GreeterService.method.sayHello, clientId)] } },
    );
    expect(records).toMatchObject([
      {
        type: "call.refused",
        peer: clientId,
        method: "/hello.v1.GreeterService/SayHello",
        status: "PERMISSION_DENIED",
        code: "ERR_POLICY",
        reference: expect.stringMatching(/^[0-9a-f]{12}$/),
      },
    ]);
  });
});

describe("an audit log whose server is hammered", () => {
  const refusals = (place: AuditPlace) => place.records.filter(({ type }) => type === "refusals");

  it("has each refused connection in a record of its own or in a count", async () => {
    const place = new AuditPlace();
    const log = await place.open();
    const pair = await GreeterPair.start({ server: { audit: log } });
    const options = { path: pair.target.slice("unix:".length), rejectUnauthorized: false, ALPNProtocols: ["h2"] };
    // Without a certificate.
    await Promise.all(Array.from({ length: 60 }, () => strangerLeft(connect(options))));
    await pair.server.close();
    await log.close();
    const own = place.records.filter(({ type }) => type === "connection.refused");
    expect(own.length).toBeGreaterThanOrEqual(10);
    expect(own[0]).toMatchObject({ code: "ERR_NO_CERTIFICATE", reference: expect.stringMatching(/^[0-9a-f]{12}$/) });
    expect(refusals(place)[0]).toMatchObject({ of: "ERR_NO_CERTIFICATE", since: expect.stringMatching(/^20.*Z$/) });
    const more = refusals(place).reduce((sum, record) => sum + Number(record.more), 0);
    expect(own.length + more).toBe(60);
    expect(await place.verify()).toMatchObject({ ok: true, unsigned: 0 });
  });

  it.each([
    ["a hundred refused calls of a peer one by one, and the number of the rest", undefined, 100],
    ["as many as were asked for", 150, 150],
  ] as const)("has %s", async (_, auditRefusalsPerMinute, expected) => {
    const place = new AuditPlace();
    const log = await place.open();
    const policy = [allowAll, deny(GreeterService.method.sayHello, clientId)] as const;
    const more = auditRefusalsPerMinute === undefined ? {} : { auditRefusalsPerMinute };
    const pair = await GreeterPair.start({ server: { audit: log, policy, ...more } });
    for (let n = 0; n < 160; n++) await failure(pair.client.sayHello({ name: "Ada" }));
    await pair.server.close();
    await log.close();
    const own = place.records.filter(({ type }) => type === "call.refused").length;
    // On a slow machine a minute may have brought another.
    expect(own).toBeGreaterThanOrEqual(expected);
    expect(own).toBeLessThan(expected + 10);
    expect(refusals(place)).toMatchObject([{ of: clientId, more: 160 - own }]);
  });
});

/** When a connection that is refused is over. */
function strangerLeft(socket: TLSSocket): Promise<void> {
  socket.on("error", () => {}).resume();
  return new Promise((resolve) => socket.once("close", () => resolve()));
}
