#!/usr/bin/env node
import { runPlugin } from "./run-plugin.js";

process.exitCode = await runPlugin(process.argv.slice(2), process);
