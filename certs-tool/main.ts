#!/usr/bin/env node
import { run } from "./run.js";

// A reader that stops early (certs-tool list | head) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

const { stdout, stderr, env } = process;
process.exitCode = await run(process.argv.slice(2), { stdout, stderr, env, now: Date.now });
