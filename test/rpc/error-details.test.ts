import { toBinary } from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import {
  BadRequestSchema,
  DebugInfoSchema,
  ErrorInfoSchema,
  errorDetail,
  QuotaFailure_ViolationSchema,
} from "../../src/error-details.js";
import { RpcError } from "../../src/errors.js";
import { StatusSchema } from "../../src/gen/google/rpc/status_pb.js";
import { SayHelloRequestSchema } from "../../src/gen/hello/v1/greeter_pb.js";
import { decodeStatusDetails, encodeStatusDetails } from "../../src/rpc/status-details.js";
import { Status } from "../../src/status.js";
import { failure } from "../helpers/collect.js";
import { GreeterPair } from "../helpers/greeter-pair.js";
import { callsOfEachKind, refusingGreeter } from "../helpers/refusing-greeter.js";

const badRequest = errorDetail(BadRequestSchema, {
  fieldViolations: [{ field: "name", description: "is empty", reason: "string.min_len" }],
});
const info = errorDetail(ErrorInfoSchema, { reason: "NAME_EMPTY", domain: "hello.v1", metadata: { at: "line 1" } });

describe("details of an error", () => {
  it("arrive, typed and in order, from each kind of call", async () => {
    const refuse = (): never => {
      throw new RpcError(Status.INVALID_ARGUMENT, "the näme is wrong", { details: [badRequest, info] });
    };
    const { client } = await GreeterPair.start({ implementation: refusingGreeter(refuse) });
    for (const error of await Promise.all(callsOfEachKind(client).map(failure))) {
      expect(error).toMatchObject({ status: Status.INVALID_ARGUMENT, rawMessage: "the näme is wrong", received: true });
      expect(error.details.map(({ typeName }) => typeName)).toEqual(["google.rpc.BadRequest", "google.rpc.ErrorInfo"]);
      expect(error.findDetails(BadRequestSchema)).toMatchObject([
        { fieldViolations: [{ field: "name", description: "is empty", reason: "string.min_len" }] },
      ]);
      expect(error.findDetails(ErrorInfoSchema)[0]?.metadata).toEqual({ at: "line 1" });
      expect(error.findDetails(DebugInfoSchema)).toEqual([]);
    }
  });

  it("travel beside a trailer, which does not show them", async () => {
    let trailer: [string, unknown][] = [];
    const { client } = await GreeterPair.start({
      implementation: {
        sayHello: (_, { responseTrailer }) => {
          responseTrailer.set("x-trailer", "still here");
          throw new RpcError(Status.ABORTED, "again", { details: [info] });
        },
      },
    });
    const error = await failure(client.sayHello({ name: "x" }, { onTrailer: (it) => (trailer = [...it]) }));
    expect(error.findDetails(ErrorInfoSchema)).toHaveLength(1);
    expect(trailer).toEqual([["x-trailer", "still here"]]);
  });

  it("may be of any message type", async () => {
    const { client } = await GreeterPair.start({
      implementation: {
        sayHello: () => {
          throw new RpcError(Status.ABORTED, "", { details: [errorDetail(SayHelloRequestSchema, { name: "other" })] });
        },
      },
    });
    const error = await failure(client.sayHello({ name: "x" }));
    expect(error.rawMessage).toBe("");
    expect(error.findDetails(SayHelloRequestSchema)).toMatchObject([{ name: "other" }]);
  });

  it("survive text that is no Unicode", async () => {
    const { client } = await GreeterPair.start({
      implementation: {
        sayHello: () => {
          throw new RpcError(Status.ABORTED, "a\ud800b", { details: [info] });
        },
      },
    });
    const error = await failure(client.sayHello({ name: "x" }));
    expect(error.rawMessage).toBe("a\ufffdb");
    expect(error.findDetails(ErrorInfoSchema)).toHaveLength(1);
  });

  it("that do not fit are left out, from the last on, and never cost the status", async () => {
    const large = errorDetail(DebugInfoSchema, { detail: "x".repeat(5_000) });
    const { client } = await GreeterPair.start({
      implementation: {
        sayHello: ({ name }) => {
          const details = name === "one" ? [info, large, info] : [large];
          throw new RpcError(Status.ABORTED, "too much", { details });
        },
      },
    });
    const one = await failure(client.sayHello({ name: "one" }));
    expect(one).toMatchObject({ status: Status.ABORTED, rawMessage: "too much" });
    expect(one.details.map(({ typeName }) => typeName)).toEqual(["google.rpc.ErrorInfo"]);
    const none = await failure(client.sayHello({ name: "none" }));
    expect(none).toMatchObject({ status: Status.ABORTED, rawMessage: "too much", details: [] });
  });

  it("of a nested call do not reach the outer caller", async () => {
    const inner = await GreeterPair.start({
      implementation: {
        sayHello: () => {
          throw new RpcError(Status.UNAVAILABLE, "inner words", { details: [info] });
        },
      },
    });
    const nested = inner.client;
    const outer = await GreeterPair.start({ implementation: { sayHello: () => nested.sayHello({ name: "x" }) } });
    const error = await failure(outer.client.sayHello({ name: "x" }));
    expect(error.status).toBe(Status.UNAVAILABLE);
    expect(error.rawMessage).toMatch(/^a nested call failed \(reference [0-9a-f]{12}\)$/);
    expect(error.details).toEqual([]);
  });

  it("of a call that was aborted from outside are none", async () => {
    const { client } = await GreeterPair.start({ implementation: { sayHello: () => new Promise(() => {}) } });
    const error = await failure(client.sayHello({ name: "x" }, { timeoutMs: 50 }));
    expect(error).toMatchObject({ status: Status.DEADLINE_EXCEEDED, details: [] });
  });

  it("that are none of ours do not make the error fail", async () => {
    const junk = [null, 1, {}, [BadRequestSchema, {}], { typeName: "a.B", value: "text" }] as never;
    const { client } = await GreeterPair.start({
      implementation: {
        sayHello: () => {
          throw new RpcError(Status.ABORTED, "anyway", { details: junk });
        },
      },
    });
    expect(await failure(client.sayHello({ name: "x" }))).toMatchObject({
      status: Status.ABORTED,
      rawMessage: "anyway",
      details: [],
    });
  });
});

describe("an error that was made here", () => {
  it("shows its own details", () => {
    const error = new RpcError(Status.ABORTED, "x", { details: [badRequest] });
    expect(error.findDetails(BadRequestSchema)[0]?.fieldViolations[0]?.field).toBe("name");
    expect(new RpcError(Status.ABORTED, "x").findDetails(BadRequestSchema)).toEqual([]);
  });

  it("takes only what fits the type of a detail", () => {
    // @ts-expect-error a BadRequest has no such field
    errorDetail(BadRequestSchema, { violations: [] });
    // @ts-expect-error details are made by errorDetail()
    expect(new RpcError(Status.ABORTED, "x", { details: [{ field: "name" }] }).details).toEqual([]);
  });

  it("finds a detail wrong where it is made", () => {
    expect(() => errorDetail(QuotaFailure_ViolationSchema, { quotaValue: "x" as never })).toThrow(/quota_value/);
  });
});

describe("google.rpc.Status as it arrives", () => {
  const bytes = (code: number, message: string) =>
    encodeStatusDetails(code as Status, message, [info]) ?? new Uint8Array();

  it("is read when it is about the status it came with", () => {
    expect(decodeStatusDetails(Status.ABORTED, "x", bytes(Status.ABORTED, "x"))).toHaveLength(1);
  });

  it.each([
    ["of another code", bytes(Status.NOT_FOUND, "x")],
    ["of another message", bytes(Status.ABORTED, "y")],
    ["that is cut", bytes(Status.ABORTED, "x").subarray(0, -1)],
    ["that is something else", Buffer.from("not protobuf")],
    ["that is too large", encodedStatus(33 * 1024)],
    ["that is empty", new Uint8Array()],
  ])("%s is ignored", (_, wrong) => {
    expect(decodeStatusDetails(Status.ABORTED, "x", wrong)).toEqual([]);
  });

  it("may hold a detail that is not what it says: it is not found, and the others are", () => {
    const value = Uint8Array.of(0xff);
    const said = [{ typeUrl: "type.googleapis.com/google.rpc.ErrorInfo", value }, info] as const;
    const status = toBinary(StatusSchema, {
      $typeName: "google.rpc.Status",
      code: Status.ABORTED,
      message: "x",
      details: said.map((it) => ({
        $typeName: AnySchema.typeName,
        typeUrl: "typeUrl" in it ? it.typeUrl : `any.example/${it.typeName}`,
        value: it.value,
      })),
    });
    const error = new RpcError(Status.ABORTED, "x", { details: decodeStatusDetails(Status.ABORTED, "x", status) });
    expect(error.details).toHaveLength(2);
    expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "NAME_EMPTY" }]);
  });
});

function encodedStatus(size: number): Uint8Array {
  return toBinary(StatusSchema, {
    $typeName: "google.rpc.Status",
    code: Status.ABORTED,
    message: "x",
    details: [{ $typeName: AnySchema.typeName, typeUrl: "t/a.B", value: new Uint8Array(size) }],
  });
}
