import { commandLines } from "../src/command-line/help.js";
import type { Command } from "./command.js";

export function toolHelp(commands: readonly Command[]): string[] {
  return [
    "Examples:",
    "  # a CA, two identities, and each learns the other's key",
    "  certs-tool init --ca ca --trust-domain local.test",
    "  certs-tool issue spiffe://local.test/greeter --ca ca --out certs/greeter",
    "  certs-tool issue spiffe://local.test/cli --ca ca --out certs/cli",
    "  certs-tool pin certs/greeter certs/cli",
    "",
    "Usage: certs-tool COMMAND …",
    "",
    "Commands:",
    ...commandLines(commands),
    "",
    "certs-tool COMMAND --help shows the options of a command, certs-tool --version the version.",
    "Exit code 0: done, or it was so already. 1: refused or failed. 2: the command line is not understood.",
  ];
}
