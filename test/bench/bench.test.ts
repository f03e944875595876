import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { built } from "../helpers/built.js";
import { tempDirectory } from "../helpers/temp-directory.js";

const run = (...args: string[]) => promisify(execFile)(process.execPath, [built("bench/main.js"), ...args]);

describe("npm run bench", () => {
  it("measures each subject in each case, prints a table and writes JSON", async () => {
    const json = join(tempDirectory(), "results", "latest.json");
    const subjects = ["grpc-js", "node-tls", "pinwire-h2"];
    const only = "unary-100b-1,server-stream-64k,client-stream-64k,bidi-stream-64k,first-call";
    const { stdout } = await run("--quick", "--only", only, "--subjects", subjects.join(), "--json", json);

    expect(stdout).toMatch(/^calls per second \(more is better\) +grpc-js +node-tls +pinwire-h2$/m);
    expect(stdout).toMatch(/^unary-100b-1 +[\d,]+ +[\d,]+ +[\d.]+x +[\d,]+ +[\d.]+x$/m);
    const { machine, results } = JSON.parse(readFileSync(json, "utf8"));
    expect(machine).toMatchObject({ node: process.version, cores: expect.any(Number), cpu: expect.any(String) });
    for (const name of only.split(",")) {
      expect(results.filter((result: { case: string }) => result.case === name)).toEqual(
        subjects.map((subject) => ({ subject, case: name, ...expectedMetrics(name) })),
      );
    }
  }, 120_000);

  it("names what it knows when asked for something else", async () => {
    await expect(run("--subjects", "grpc-java")).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^bench: no such subject: grpc-java \(there are .*grpc-js.*\)\n$/),
    });
    await expect(run("--only", "unary-7")).rejects.toMatchObject({
      code: 1,
      stderr: "bench: no such case: unary-7 (see --list)\n",
    });
  });
});

function expectedMetrics(name: string): object {
  const number = expect.any(Number);
  if (name === "first-call") return { p50Ms: number };
  if (name.includes("stream")) return { megabytesPerSecond: number };
  return {
    callsPerSecond: number,
    p50Ms: number,
    p99Ms: number,
    p999Ms: number,
    serverCpuMicroseconds: number,
    clientCpuMicroseconds: number,
  };
}
