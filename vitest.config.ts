import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

// What is about calls runs once on each transport; the client of test/helpers/greeter-pair.ts reads which one.
const aboutCalls = ["test/{rpc,server,client,interceptors}/**/*.test.ts", "test/attacks/{in,rel}-*.test.ts"];
/** What chooses the transport by itself, or makes no call at all, runs once. */
const aboutTransports = ["test/rpc/direct/**", "test/rpc/h2/**", "test/rpc/differential.test.ts"];
const withoutCalls = [
  "test/client/**",
  "test/rpc/{call-list,codec,compile-encoder,deadline-timers,encode-message,lent-block,write-window}.test.ts",
  "test/interceptors/policy*.test.ts",
  "test/interceptors/{anomaly-detector,error-origin,identity-table,latency-histogram,metric-producer,quarantine,redaction,replay-window,scrub}.test.ts",
];

export default defineConfig({
  test: {
    // Each test file talks to real sockets and processes; its own process keeps a leaked handle where it belongs.
    pool: "forks",
    // Tests wait for other processes more than they compute: two at a time even where vitest would take one.
    maxWorkers: Math.max(2, availableParallelism()),
    testTimeout: 20_000,
    globalSetup: ["test/global-net.ts"],
    coverage: { provider: "v8", include: ["src/**", "certs-tool/**"], exclude: ["src/gen/**"] },
    projects: [
      { extends: true, test: { name: "all", include: ["test/**/*.test.ts"], exclude: aboutCalls } },
      ...["direct", "h2"].map((name) => ({
        extends: true as const,
        test: {
          name,
          include: aboutCalls,
          exclude: name === "h2" ? [...aboutTransports, ...withoutCalls] : [],
          env: { PINWIRE_TEST_TRANSPORT: name },
        },
      })),
    ],
  },
});
