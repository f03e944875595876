import { describe, expect, it } from "vitest";
import { ReceiveCredit } from "../../../src/rpc/direct/receive-credit.js";
import { ProtocolViolation } from "../../../src/rpc/direct/violation.js";
import { thrown } from "../../helpers/thrown.js";

function credit(windowBytes = 1_000) {
  const announced: number[] = [];
  return { announced, receive: new ReceiveCredit(windowBytes, 400, (bytes) => announced.push(bytes)) };
}

const refusal = (run: () => unknown) => {
  const { violation, message } = thrown(ProtocolViolation, run);
  return { violation, message };
};

describe("what a peer may send on all streams together", () => {
  it("is the window, and not one byte more", () => {
    const { receive } = credit();
    receive.take(600);
    receive.take(400);
    expect(refusal(() => receive.take(1))).toEqual({
      violation: "CREDIT_EXCEEDED",
      message: "more DATA than the connection had credit for",
    });
  });

  it("is announced again in pieces that are worth a frame", () => {
    const { announced, receive } = credit();
    receive.take(1_000);
    receive.giveBack(399);
    expect(announced).toEqual([]);
    receive.giveBack(1);
    expect(announced).toEqual([400]);
    receive.take(400);
  });
});

describe("DATA of streams that have ended", () => {
  it("is good for the credit that those streams had, which comes back", () => {
    const { announced, receive } = credit();
    receive.expectLate(500);
    receive.take(500);
    receive.takeLate(500);
    expect(announced).toEqual([500]);
    receive.take(1);
    expect(refusal(() => receive.takeLate(1))).toEqual({
      violation: "CREDIT_EXCEEDED",
      message: "more DATA on streams that have ended than they had credit for",
    });
  });

  it("is never more than the connection's window, however many streams have ended", () => {
    const { receive } = credit();
    for (let i = 0; i < 10; i++) receive.expectLate(500);
    receive.takeLate(1_000);
    expect(refusal(() => receive.takeLate(1)).violation).toBe("CREDIT_EXCEEDED");
  });
});
