import { experimental, logVerbosity, setLogger } from "@grpc/grpc-js";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { quietGrpc } from "../../../src/rpc/h2/quiet-grpc.js";
import { attackedH2Client } from "../../helpers/attacked-h2-client.js";
import { methods, request } from "../../helpers/direct-attack.js";
import { GreeterPair } from "../../helpers/greeter-pair.js";
import { framed, RawH2Client } from "../../helpers/raw-h2-client.js";
import { answerWith, grpcAnswer } from "../../helpers/raw-h2-server.js";

/** What HTTP/2 can carry and metadata cannot be: bytes beyond ASCII, among them the beginning of a terminal's escape. */
const unreadable = "Bearer secret\u009b31m";

function watchedConsole() {
  const spy = vi.spyOn(console, "error").mockImplementation(() => {});
  onTestFinished(() => spy.mockRestore());
  return spy;
}

describe("metadata that cannot be read", () => {
  it("is not written to the console of a server; the call goes on without it", async () => {
    const spy = watchedConsole();
    const pair = await GreeterPair.start({
      implementation: {
        sayHello: (_, { requestMetadata }) => ({ greeting: [...requestMetadata].map(([key]) => key).join() }),
      },
    });
    const client = await RawH2Client.of(pair);
    const answer = await client.call(
      { ":path": methods.sayHello, authorization: unreadable, "x-more": [unreadable, "x"], "x-good": "y" },
      framed(request()),
    );
    expect(answer.status).toBe(0);
    expect(answer.body.toString()).toContain("x-good");
    expect(answer.body.toString()).not.toContain("authorization");
    expect(spy.mock.calls).toEqual([]);
  });

  it("is not written to the console of a client", async () => {
    const spy = watchedConsole();
    const answer = answerWith({ ...grpcAnswer, "grpc-status": "5", "grpc-message": "no", "x-secret": unreadable });
    const { client } = await attackedH2Client(answer);
    await expect(client.sayHello({ name: "x" })).rejects.toMatchObject({ code: "ERR_RPC_NOT_FOUND" });
    expect(spy.mock.calls).toEqual([]);
  });
});

describe("what else grpc-js has to say", () => {
  it("goes to the logger that was there, with all its words", () => {
    const said: unknown[] = [];
    setLogger({ error: (...words: unknown[]) => said.push(words) });
    onTestFinished(() => setLogger(console));
    quietGrpc();
    quietGrpc();
    experimental.log(logVerbosity.ERROR, "Failed to set secure context", { code: 1 });
    experimental.log(logVerbosity.ERROR, "Failed to add metadata entry x: secret.");
    expect(said).toEqual([["Failed to set secure context", { code: 1 }]]);
  });
});
