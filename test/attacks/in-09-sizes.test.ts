// IN-09: a message that claims to be, or is, too large is refused by its length, before it is held in memory.
import { describe, expect, it } from "vitest";
import { Status } from "../../src/status.js";
import { GreeterPair } from "../helpers/greeter-pair.js";
import { framed, RawH2Client } from "../helpers/raw-h2-client.js";

const path = "/hello.v1.GreeterService/SayHello";

describe("IN-09: sizes", () => {
  const cases: Record<string, Buffer> = {
    "a length of 4 GiB with nothing behind it": framed(Buffer.alloc(0), 0xffff_ffff),
    "a length of one byte over the limit": framed(Buffer.alloc(10), 4 * 1024 * 1024 + 1),
    "five megabytes, really sent": framed(Buffer.alloc(5 * 1024 * 1024)),
  };
  for (const [what, body] of Object.entries(cases)) {
    it(`refuses ${what}`, async () => {
      const pair = await GreeterPair.start({
        implementation: {
          sayHello: () => {
            throw new Error("the handler must not run");
          },
        },
      });
      const raw = await RawH2Client.of(pair);
      const before = process.memoryUsage().rss;
      const response = await raw.call({ ":path": path }, body, false);
      expect(response).toMatchObject({ status: Status.RESOURCE_EXHAUSTED });
      // Far below the four gigabytes that were announced; the exact figure is the garbage collector's.
      expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
      expect(await pair.log.find(({ event }) => event === "call")).toMatchObject({ code: "ERR_MESSAGE_TOO_LARGE" });
    });
  }
});
