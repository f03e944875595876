import { defineConfig } from "vitest/config";

// What is about calls runs once on each transport; the client of test/helpers/greeter-pair.ts reads which one.
const aboutCalls = ["test/{rpc,server,client,interceptors}/**/*.test.ts", "test/attacks/{in,rel}-*.test.ts"];
/** What chooses the transport by itself runs once. */
const aboutTransports = ["test/rpc/direct/**", "test/rpc/h2/**", "test/rpc/differential.test.ts"];

export default defineConfig({
  test: {
    // Each test file talks to real sockets and processes; its own process keeps a leaked handle where it belongs.
    pool: "forks",
    testTimeout: 20_000,
    coverage: { provider: "v8", include: ["src/**", "certs-tool/**"], exclude: ["src/gen/**"] },
    projects: [
      { extends: true, test: { name: "all", include: ["test/**/*.test.ts"], exclude: aboutCalls } },
      ...["direct", "h2"].map((name) => ({
        extends: true as const,
        test: {
          name,
          include: aboutCalls,
          exclude: name === "h2" ? aboutTransports : [],
          env: { PINWIRE_TEST_TRANSPORT: name },
        },
      })),
    ],
  },
});
