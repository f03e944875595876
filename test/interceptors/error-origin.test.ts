import { describe, expect, it } from "vitest";
import { originOf } from "../../src/interceptors/error-origin.js";

class OwnError extends RangeError {
  override readonly name = "OwnError";
}

async function fail(error: Error): Promise<never> {
  await Promise.resolve();
  throw error;
}

describe("where an error came from", () => {
  it("is its class and its frames, of all kinds that V8 writes", async () => {
    class Thrower {
      get property(): never {
        throw new OwnError("secret words");
      }
      static make() {
        return new Thrower().property;
      }
    }
    const run = () => [1].map(() => Thrower.make());
    const error: unknown = await Promise.all([(async () => run())()]).catch((thrown: unknown) => thrown);
    const { errorName, stack = "" } = originOf(error);
    expect(errorName).toBe("OwnError");
    const lines = stack.split("\n");
    expect(lines[0]).toMatch(/^ {4}at .*property.* \(.*error-origin\.test\.ts:\d+:\d+\)$/);
    expect(stack).toContain("(<anonymous>)");
    expect(stack).not.toContain("secret");
    expect(lines.length).toBeLessThanOrEqual(12);
  });

  it("is where it was made, across a wait", async () => {
    const error: unknown = await fail(new Error("secret")).catch((thrown: unknown) => thrown);
    expect(originOf(error).stack).toMatch(/error-origin\.test\.ts:\d+:\d+/);
  });

  it.each([
    ["lines like frames", "first\n    at secret (file:///a.js:1:1)"],
    ["a whole stack", new Error("secret").stack?.replaceAll("at ", "at secret ") ?? ""],
    ["only a line like a frame", "\n    at secret (file:///a.js:1:1)"],
    ["a line like a frame, and one that is none", "\n    at secret (/a.js:1:1)\nsecret"],
  ])("holds nothing of a message with %s", (_, message) => {
    const { stack } = originOf(new Error(message));
    expect(stack).not.toContain("secret");
    expect(stack).toMatch(/error-origin\.test\.ts:\d+:\d+/);
  });

  it("holds nothing of a stack or a name that somebody wrote", () => {
    const forged = (stack: string) => originOf(Object.assign(new Error("message"), { stack })).stack;
    expect(forged("Error: message\n    at secret-words (file:///a.js:1:1)\nsecret")).toBe("");
    expect(forged("Error: message\n    at a (file:///a.js:1:1)\nsecret")).toBe("    at a (file:///a.js:1:1)");
    // Whatever stands there in place of the message may have been another one.
    expect(forged("Error: other\n    at secret (file:///a.js:1:1)")).toBe("");
    expect(originOf(Object.assign(new Error("x"), { name: "secret words" }))).toEqual({ errorName: "Error" });
    expect(originOf("secret")).toEqual({ errorName: "string" });
    expect(originOf({ stack: "secret", message: "secret" })).toEqual({ errorName: "object" });
  });
});
