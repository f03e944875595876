// Why: what every program pays for `import "pinwire"` must be next to nothing. TLS, HTTP/2, protobuf and the other packages are
// loaded by the first listen() or the first call. This looks at what Node.js has loaded; it would not see slow code of our own.
import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";
import { built } from "./helpers/built.js";

/** Packages and heavy modules of Node.js that are there after an import of a file of dist/. */
function loadedBy(file: string): { packages: string[]; natives: string[] } {
  const report =
    'process.stdout.write(process.moduleLoadList.filter((name) => /^NativeModule (tls|http2)$/.test(name)).join("\\n"))';
  const script = `await import(${JSON.stringify(built(file))}); ${report}`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    env: { ...process.env, NODE_DEBUG: "esm" },
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  expect(status).toBe(0);
  const packages = [...stderr.matchAll(/\/node_modules\/((?:@[\w.-]+\/)?[\w.-]+)\//g)].map(([, name = ""]) => name);
  return { packages: [...new Set(packages)].sort(), natives: stdout.split("\n").filter((name) => name !== "") };
}

it("importing pinwire loads no package, no TLS and no HTTP/2", () => {
  expect(loadedBy("src/index.js")).toEqual({ packages: [], natives: [] });
});

it("which what serves does, so that the look is a look", () => {
  const { packages, natives } = loadedBy("src/server/serving.js");
  expect(packages).toContain("@bufbuild/protobuf");
  expect(natives).toContain("NativeModule tls");
});

it("a server that speaks HTTP/2 too loads grpc-js when it starts, not before", () => {
  expect(loadedBy("src/server/serving.js").packages).not.toContain("@grpc/grpc-js");
  expect(loadedBy("src/rpc/h2/h2-server-transport.js").packages).toContain("@grpc/grpc-js");
});
