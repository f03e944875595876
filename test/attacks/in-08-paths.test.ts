// IN-08: whatever is done to the path, no handler runs under a name that the policy did not see, and who may not call a
// service cannot find out what it has.
import { constants } from "node:http2";
import { describe, expect, it } from "vitest";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { allow, deny, type PolicyRule } from "../../src/interceptors/policy.js";
import { Status } from "../../src/status.js";
import { GreeterPair, greeter } from "../helpers/greeter-pair.js";
import { clientId } from "../helpers/identities.js";
import { framed, RawH2Client } from "../helpers/raw-h2-client.js";

const good = "/hello.v1.GreeterService/SayHello";

async function start(policy: readonly PolicyRule[]) {
  let handled = 0;
  const count = <F extends (...args: never[]) => unknown>(handler: F) =>
    ((...args: Parameters<F>) => {
      handled += 1;
      return handler(...args);
    }) as unknown as F;
  const pair = await GreeterPair.start({
    server: { policy },
    implementation: { sayHello: count(greeter.sayHello), collectHellos: count(greeter.collectHellos) },
  });
  const raw = await RawH2Client.of(pair);
  return { pair, raw, handled: () => handled };
}

describe("IN-08: paths", () => {
  it("reaches the handler by the one right path", async () => {
    const { raw, handled } = await start([allow(GreeterService, clientId)]);
    expect(await raw.call({ ":path": good }, framed(Buffer.from([0x0a, 1, 0x41])))).toMatchObject({
      status: Status.OK,
    });
    expect(handled()).toBe(1);
  });

  const wrong = [
    "/hello.v1.greeterservice/SayHello",
    "/hello.v1.GreeterService/sayHello",
    "/HELLO.V1.GREETERSERVICE/SAYHELLO",
    `${good}?x=1`,
    `${good}#x`,
    `${good}/`,
    `/${good}`,
    "//hello.v1.GreeterService/SayHello",
    "/hello.v1.GreeterService//SayHello",
    "hello.v1.GreeterService/SayHello",
    "/hello.v1.GreeterService/Say%48ello",
    "/hello%2Ev1.GreeterService/SayHello",
    "/./hello.v1.GreeterService/SayHello",
    "/x/../hello.v1.GreeterService/SayHello",
    "/hello.v1.GreeterService/SayHello ",
    "/hello.v1.GreeterService/SayHello\u00a0",
    "/hello.v1.GreeterServiceX/SayHello",
    "/hello.v1.GreeterService",
    "/",
    "*",
    "/constructor/toString",
    "/__proto__/get",
    `/${"a".repeat(8_000)}/b`,
  ];
  for (const path of wrong) {
    it(`does not reach it by ${JSON.stringify(path.slice(0, 60))}`, async () => {
      const { pair, raw, handled } = await start([allow(GreeterService, clientId)]);
      const response = await raw.call({ ":path": path }, framed(Buffer.alloc(0)));
      expect(handled()).toBe(0);
      // What is no path at all does not get past HTTP/2.
      if (response.rstCode === constants.NGHTTP2_PROTOCOL_ERROR) return;
      expect([Status.PERMISSION_DENIED, Status.UNIMPLEMENTED]).toContain(response.status);
      expect(response.message).not.toContain("ello.v1");
      const record = await pair.log.find(({ event }) => event === "call");
      expect(String(record.method).length).toBeLessThanOrEqual(256);
    });
  }

  it("answers alike whether or not a method exists, to one who may not call the service", async () => {
    const { pair, raw } = await start([allow(GreeterService, "spiffe://local.test/somebody-else")]);
    const answers = await Promise.all(
      [good, "/hello.v1.GreeterService/Nope", "/no.such.Service/Nope", "/hello.v1.GreeterService/sayHello", "/"].map(
        (path) => raw.call({ ":path": path }),
      ),
    );
    const sentence = /^permission denied \(reference [0-9a-f]{12}\)$/;
    for (const { status, message, httpStatus, body } of answers) {
      expect({ status, httpStatus, body: body.length }).toEqual({
        status: Status.PERMISSION_DENIED,
        httpStatus: 200,
        body: 0,
      });
      expect(message).toMatch(sentence);
    }
    expect(pair.log.records.filter(({ code }) => code === "ERR_POLICY")).toHaveLength(5);
  });

  it("denies a method by its own name even when the service is allowed", async () => {
    const { raw, handled } = await start([
      allow(GreeterService, clientId),
      deny(GreeterService.method.collectHellos, clientId),
    ]);
    expect(await raw.call({ ":path": "/hello.v1.GreeterService/CollectHellos" })).toMatchObject({
      status: Status.PERMISSION_DENIED,
    });
    expect(handled()).toBe(0);
  });

  it("does not serve GET", async () => {
    const { raw, handled } = await start([allow(GreeterService, clientId)]);
    await raw.call({ ":path": good, ":method": "GET" });
    expect(handled()).toBe(0);
  });
});
