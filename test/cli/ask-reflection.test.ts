// The schema of a server that describes itself, as slowly as it likes.
import { describe, expect, it, onTestFinished } from "vitest";
import { Reflection } from "../../src/cli/schema/ask-reflection.js";
import { allow } from "../../src/interceptors/policy.js";
import { ReflectionService } from "../../src/reflection.js";
import type { HandlerContext } from "../../src/rpc/call-context.js";
import { createServer } from "../../src/server/server.js";
import { Status } from "../../src/status.js";
import { connectInProcess, createTestCa } from "../../src/testing.js";

const [server, client] = ["spiffe://local.test/server", "spiffe://local.test/client"];
const question = { case: "listServices", value: "" } as const;

/** A channel to a server whose reflection does, for each question, first what `before` says. */
function channelTo(before: (context: HandlerContext) => Promise<unknown>) {
  const ca = createTestCa("local.test");
  const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const described = createServer({
    credentials: ca.credentials(server, client),
    policy: [allow(ReflectionService, client)],
    logger: quiet,
  });
  described.service(ReflectionService, {
    async *serverReflectionInfo(_requests, context) {
      await before(context);
      yield { messageResponse: { case: "listServicesResponse", value: { service: [] } } };
    },
  });
  onTestFinished(() => described.close());
  const channel = connectInProcess(described, {
    credentials: ca.credentials(client, server),
    peer: server,
    logger: quiet,
  });
  onTestFinished(() => channel.close());
  return channel;
}

describe("Reflection", () => {
  it("has one time for all questions", async () => {
    const left: number[] = [];
    const channel = channelTo(async (context) => {
      left.push(context.remainingMs());
      await new Promise((resolve) => setTimeout(resolve, 50));
    });
    const reflection = new Reflection(channel, 10_000);
    for (let i = 0; i < 3; i++) await reflection.ask(question);
    // A timer may be a little early.
    expect(left[1]).toBeLessThan(9_955);
    expect(left[2]).toBeLessThan(9_910);
  });

  it("asks no more when it is over", async () => {
    let asked = 0;
    const channel = channelTo(({ signal }) => {
      asked += 1;
      return new Promise((resolve) => signal.addEventListener("abort", resolve));
    });
    const reflection = new Reflection(channel, 50);
    // The second may have what is left of the last millisecond.
    for (let i = 0; i < 2; i++) {
      await expect(reflection.ask(question)).rejects.toMatchObject({ status: Status.DEADLINE_EXCEEDED });
    }
    const before = asked;
    await expect(reflection.ask(question)).rejects.toThrow("the server took too long to say what its schema is");
    expect(asked).toBe(before);
  });
});
