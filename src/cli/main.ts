#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { explain } from "./explain.js";
import { print, printError } from "./output.js";

const help = `examples:
  pinwire explain ERR_NOT_PINNED      what it means, and what to do about it
  pinwire explain                     every code there is

usage: pinwire explain [CODE] [--json]
       pinwire --version | --help

Certificates are the business of the certs-tool command.`;

process.exitCode = run(process.argv.slice(2));

/** Exit codes: 0 done, 1 not found, 2 wrong usage. */
function run(args: readonly string[]): number {
  const json = args.includes("--json");
  const [command, ...rest] = args.filter((arg) => arg !== "--json");
  switch (command) {
    case "--help":
    case "help":
      print(help);
      return 0;
    case "--version":
      print(version());
      return 0;
    case "explain":
      return rest.length > 1 ? wrongUsage("explain takes one code") : explain(rest[0], json);
    case undefined:
      return wrongUsage("no command was given");
    default:
      return wrongUsage(`there is no command ${JSON.stringify(command)}`);
  }
}

function wrongUsage(problem: string): number {
  printError(problem, "run pinwire --help");
  return 2;
}

function version(): string {
  const manifest = new URL("../../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
}
