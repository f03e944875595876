import { execFile } from "node:child_process";
import { access, mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Subject } from "../subject.js";

/** Where Debian's golang-*-dev packages are. */
const goPath = "/usr/share/gocode";
// Seen from dist/bench/subjects/.
const sources = fileURLToPath(new URL("../../../bench/grpc-go/", import.meta.url));
const results = fileURLToPath(new URL("../../../bench-results/", import.meta.url));

export const subject: Subject = {
  kind: "program",
  description: "grpc-go of Debian's golang-google-grpc-dev, mutual TLS over a Unix socket",
  async prepare() {
    const missing = await whatIsMissing();
    if (missing !== undefined) return { missing };
    await mkdir(results, { recursive: true });
    const path = `${results}grpc-go`;
    // Without modules Go takes everything from GOPATH and asks no network.
    const env = { ...process.env, GO111MODULE: "off", GOPATH: goPath };
    try {
      await promisify(execFile)("go", ["build", "-o", path, "."], { cwd: sources, env });
      return { path };
    } catch (error) {
      return { missing: `it does not build: ${error instanceof Error ? error.message : error}` };
    }
  },
};

async function whatIsMissing(): Promise<string | undefined> {
  try {
    await access(`${goPath}/src/google.golang.org/grpc`);
    await promisify(execFile)("go", ["version"]);
    return undefined;
  } catch {
    return "Go or grpc-go is not installed (apt-get install golang-go golang-google-grpc-dev)";
  }
}
