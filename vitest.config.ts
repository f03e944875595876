import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Each test file talks to real sockets and processes; its own process keeps a leaked handle where it belongs.
    pool: "forks",
    testTimeout: 20_000,
    coverage: { provider: "v8", include: ["src/**", "certs-tool/**"], exclude: ["src/gen/**"] },
  },
});
