// IN-14: the text of a status is whatever a peer likes. It never throws, and a record in a log stays one line.
import { describe, expect, it } from "vitest";
import { Status } from "../../src/status.js";
import { attackedH2Client } from "../helpers/attacked-h2-client.js";
import { failure } from "../helpers/collect.js";
import { GreeterPair } from "../helpers/greeter-pair.js";
import { answerWith, grpcAnswer } from "../helpers/raw-h2-server.js";

/** What travels, and what the client makes of it. */
const texts: Record<string, readonly [sent: string, read: string | RegExp]> = {
  "plain text": ["not found", "not found"],
  escapes: ["100%25 %E2%98%83", "100% ☃"],
  "an escape that is cut off": ["100%", "100%"],
  "an escape that is no number": ["%zz", "%zz"],
  "escapes that are no UTF-8": ["%E2%28%A1", /./],
  "a lone surrogate, escaped": ["%ED%A0%80", /./],
  "a new line": ["one%0Atwo%0D%0Athree", "one\ntwo\r\nthree"],
  "control characters": ["%00%07%1B%5B31m", "\0\u0007\u001b[31m"],
  JSON: ['","level":50,"msg":"forged"}%0A{"x":"', '","level":50,"msg":"forged"}\n{"x":"'],
  "40 KB": ["x".repeat(40_000), "x".repeat(40_000)],
  "40 KB of escapes": ["%25".repeat(13_000), "%".repeat(13_000)],
  nothing: ["", /^/],
};

describe("IN-14: texts of statuses", () => {
  for (const [what, [sent, read]] of Object.entries(texts)) {
    it(`${what}`, async () => {
      const answer = answerWith({ ...grpcAnswer, "grpc-status": "5", "grpc-message": sent });
      const upstream = await attackedH2Client(answer);
      const error = await failure(upstream.client.sayHello({ name: "x" }));
      expect(error).toMatchObject({ status: Status.NOT_FOUND, code: "ERR_RPC_NOT_FOUND" });
      if (typeof read === "string") expect(error.rawMessage).toBe(read);
      else expect(error.rawMessage).toMatch(read);

      // A server that lets it escape neither passes it on nor writes it down.
      const pair = await GreeterPair.start({
        implementation: { collectHellos: async () => (await upstream.client.sayHello({ name: "x" })) as never },
      });
      const relayed = await failure(pair.client.collectHellos([]));
      expect(relayed.rawMessage).toMatch(/^internal error \(reference [0-9a-f]{12}\)$/);
      for (const record of [...pair.log.records, ...upstream.log.records]) {
        const line = JSON.stringify(record);
        expect(line).not.toContain("\n");
        expect(line.length).toBeLessThan(4_000);
        expect(JSON.parse(line)).toEqual(record);
      }
    });
  }
});
