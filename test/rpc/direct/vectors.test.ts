// The vectors and the tables of docs/direct-protocol.md are what the code does, in both directions.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { hello, open, readGoAway, splitFrames, type } from "../../../scripts/direct-frames.js";
import { FakeConnection } from "../../../scripts/fake-connection.js";
import { defaults } from "../../../src/defaults.js";
import { GreeterService } from "../../../src/gen/hello/v1/greeter_pb.js";
import { MethodSchema } from "../../../src/gen/pinwire/direct/v1/hello_pb.js";
import { DirectServerLink } from "../../../src/rpc/direct/direct-server-link.js";
import { allowedFlags, frameTypes } from "../../../src/rpc/direct/frame.js";
import { fixedLimits } from "../../../src/rpc/direct/limits.js";
import { schemaFingerprint } from "../../../src/rpc/direct/schema-fingerprint.js";
import { violations } from "../../../src/rpc/direct/violation.js";
import { parseRefusal, refusalBytes } from "../../../src/transport/refusal.js";
import { type Described, readFrames, writeFrames } from "../../helpers/described-frames.js";

const document = readFileSync(new URL("../../../docs/direct-protocol.md", import.meta.url), "utf8");

function block(language: string, name: string): string {
  const found = new RegExp(`\`\`\`${language} ${name}\\n([\\s\\S]*?)\`\`\``).exec(document)?.[1];
  if (found === undefined) throw new Error(`the document has no ${language} block ${name}`);
  return found;
}

const bytesOf = (hex: string) => Buffer.from(hex.replace(/#.*$/gm, "").replace(/\s/g, ""), "hex");
const vectors = [...document.matchAll(/```json ([\w-]+)\n/g)].map(([, name = ""]) => name);

describe("the vectors", () => {
  it("are all there", () => {
    expect(vectors).toEqual(["server-hello", "call", "answer", "stream", "failure", "others", "refusal"]);
    const shown = vectors.flatMap((name) => frames(name).map((frame) => frame.type));
    expect(new Set(shown).size).toBe(Object.keys(frameTypes).length);
  });

  for (const name of vectors) {
    it(`${name} is read as the document says`, () => {
      expect(readFrames(bytesOf(block("hex", name)))).toEqual(frames(name));
    });

    it(`${name} is written as the document says`, () => {
      expect(writeFrames(frames(name)).toString("hex")).toBe(bytesOf(block("hex", name)).toString("hex"));
    });
  }

  it("the refusal is what a refused peer hears, and what a client recognises", () => {
    const bytes = bytesOf(block("hex", "refusal"));
    expect(refusalBytes("pinwire/1", { kind: "refused", reference: "12ab" })).toEqual(bytes);
    expect(parseRefusal("pinwire/1", bytes)).toEqual({ kind: "refused", reference: "12ab" });
  });

  it("the fingerprint is made of the lines that the document shows", () => {
    const hash = createHash("sha256").update(block("text", "fingerprint")).digest("hex");
    expect(schemaFingerprint(GreeterService.method.sayHello).toString("hex")).toBe(hash.slice(0, 16));
    expect(JSON.stringify(frames("server-hello"))).toContain(hash.slice(0, 16));
  });

  const refused = block("hex", "refused").trim().split("\n");
  it.each(refused.map((line) => [/# (\w+)/.exec(line)?.[1] ?? "", line]))("%s is refused: %s", (violation, line) => {
    const connection = new FakeConnection();
    const reported: string[] = [];
    new DirectServerLink({
      connection,
      limits: { ...fixedLimits, maxMessageBytes: defaults.maxMessageBytes, maxStreams: 10 },
      helloTimeoutMs: 10_000,
      keepaliveTimeMs: 10_000,
      keepaliveTimeoutMs: 10_000,
      methods: [create(MethodSchema, { path: "/a.B/C" })],
      handler: () => ({ streamsRequests: true, onMessage: () => {}, onHalfClose: () => {}, onAbort: () => {} }),
      onViolation: (found) => reported.push(found.violation),
    });
    connection.receive(Buffer.concat([hello(), open(1)]));
    expect(reported).toEqual([]);
    connection.receive(bytesOf(line));
    expect(reported).toEqual([violation]);
    const last = splitFrames(Buffer.concat(connection.fake.sent)).frames.at(-1);
    expect(last?.type).toBe(type.goAway);
    expect(last && readGoAway(last).code).toBe((violations as Record<string, number>)[violation]);
    connection.destroy(new Error("the test is over"));
  });
});

describe("the tables", () => {
  it("have every type with its number and flags", () => {
    const rows = [...document.matchAll(/^\| ([A-Z]+) \| (\d+) \| [^|]+ \| [^|]+ \|([^|]*)\|/gm)];
    const flagsOf = (cell: string) =>
      [...cell.matchAll(/(\d+) [A-Z_]+/g)].reduce((sum, [, bit]) => sum + Number(bit), 0);
    const documented = Object.fromEntries(
      rows.map(([, name = "", number, flags = ""]) => [name, [Number(number), flagsOf(flags)]]),
    );
    const coded = Object.entries(frameTypes).map(([name, number]) => [
      name.toUpperCase(),
      [number, allowedFlags[number]],
    ]);
    expect(documented).toEqual(Object.fromEntries(coded));
  });

  it("have every violation with its code", () => {
    const rows = document.matchAll(/^\| `([A-Z_]+)` \| (\d+) \| .+ \|$/gm);
    expect(Object.fromEntries([...rows].map(([, name, code]) => [name, Number(code)]))).toEqual(violations);
  });

  it("have every limit with its value", () => {
    const rows = document.matchAll(/^\| `(\w+)` \| (\d+) \| [^|]+ \| .+ \|$/gm);
    const camel = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
    const documented = Object.fromEntries([...rows].map(([, name = "", value]) => [camel(name), Number(value)]));
    const { maxMessageBytes, maxConcurrentStreams: maxStreams } = defaults;
    expect(documented).toEqual({ ...fixedLimits, maxMessageBytes, maxStreams });
  });
});

function frames(name: string): Described[] {
  return JSON.parse(block("json", name));
}
