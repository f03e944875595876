import { describe, expect, it } from "vitest";
import { nearest } from "../../src/command-line/nearest.js";

describe("nearest()", () => {
  const names = ["hello.v1.GreeterService", "hello.v1.SayHelloRequest", "hello.v1.SayHelloResponse", "other.v1.Thing"];

  it("finds what was meant, the nearest first, whatever the case", () => {
    expect(nearest("hello.v1.GreterService", names)).toEqual(["hello.v1.GreeterService"]);
    expect(nearest("greeterservice", names)).toEqual(["hello.v1.GreeterService"]);
    expect(nearest("SayHelloRequst", names)[0]).toBe("hello.v1.SayHelloRequest");
    expect(nearest("SayHello", names)).toEqual(["hello.v1.SayHelloRequest", "hello.v1.SayHelloResponse"]);
  });

  it("finds nothing when nothing is near", () => {
    expect(nearest("completely.Different", names)).toEqual([]);
    expect(nearest("", names)).toEqual([]);
    expect(nearest("Th", names)).toEqual([]);
    expect(nearest("x", [])).toEqual([]);
    expect(nearest("x", [""])).toEqual([]);
  });

  it("does not look through what only a hostile server has", () => {
    const many = Array.from({ length: 20_000 }, (_, i) => `${"x".repeat(100)}${i}`);
    expect(nearest("Thing", [...many, "Thing"])).toEqual([]);
    expect(nearest("y".repeat(100_000), ["y".repeat(100_000)])).toEqual([]);
  });
});
