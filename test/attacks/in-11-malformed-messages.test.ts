// IN-11: bytes that are not a valid message are INVALID_ARGUMENT, without a word about the decoder.
import { describe, expect, it } from "vitest";
import { Status } from "../../src/status.js";
import { GreeterPair } from "../helpers/greeter-pair.js";
import { framed, RawH2Client } from "../helpers/raw-h2-client.js";

const path = "/hello.v1.GreeterService/SayHello";

const malformed: Record<string, readonly number[]> = {
  "a truncated tag": [0x80],
  "a tag without a value": [0x0a],
  "a string longer than the message": [0x0a, 0x7f, 0x41],
  "a length that overflows": [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
  "a varint without end": Array(20).fill(0xff),
  "field number zero": [0x02, 0x00],
  "an unknown wire type": [0x0f],
  "an end of a group that never began": [0x0c],
  "groups nested 101 deep": [...Array(101).fill(0x13), ...Array(101).fill(0x14)],
  "a string that is not UTF-8": [0x0a, 2, 0xc3, 0x28],
};

describe("IN-11: malformed messages", () => {
  for (const [what, bytes] of Object.entries(malformed)) {
    it(`refuses ${what}`, async () => {
      const pair = await GreeterPair.start({
        implementation: {
          sayHello: () => {
            throw new Error("the handler must not run");
          },
        },
      });
      const raw = await RawH2Client.of(pair);
      expect(await raw.call({ ":path": path }, framed(Buffer.from(bytes)))).toMatchObject({
        httpStatus: 200,
        status: Status.INVALID_ARGUMENT,
        message: "the request is not a valid hello.v1.SayHelloRequest",
      });
      const record = await pair.log.find(({ event }) => event === "call");
      expect(record).toMatchObject({ code: "ERR_MESSAGE_MALFORMED", status: "INVALID_ARGUMENT" });
      expect(JSON.parse(JSON.stringify(record))).toEqual(record);
    });
  }

  it("refuses one in the middle of a stream", async () => {
    const pair = await GreeterPair.start();
    const raw = await RawH2Client.of(pair);
    const body = Buffer.concat([framed(Buffer.from([0x0a, 1, 0x41])), framed(Buffer.from([0x80]))]);
    expect(await raw.call({ ":path": "/hello.v1.GreeterService/CollectHellos" }, body)).toMatchObject({
      status: Status.INVALID_ARGUMENT,
    });
  });

  it("drops unknown fields instead of keeping them", async () => {
    const pair = await GreeterPair.start({
      implementation: { sayHello: (request) => ({ greeting: JSON.stringify(Object.keys(request).sort()) }) },
    });
    const raw = await RawH2Client.of(pair);
    const { status, body } = await raw.call({ ":path": path }, framed(Buffer.from([0x0a, 1, 0x41, 0xf8, 0x7f, 1])));
    expect(status).toBe(Status.OK);
    expect(body.toString("latin1")).toContain('["$typeName","name"]');
  });
});
