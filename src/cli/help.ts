import { commandLines } from "../command-line/help.js";
import type { CommandEntry } from "./commands.js";

export function toolHelp(commands: readonly CommandEntry[]): string[] {
  return [
    "Examples:",
    "  # a project that builds and whose tests pass",
    "  pinwire new demo && cd demo && npm install && npm test",
    "  # call a method",
    '  pinwire call unix:/run/user/1000/greeter/greeter.sock hello.v1.GreeterService/SayHello \'{"name":"world"}\' --credentials certs/cli --peer spiffe://local.test/greeter',
    "  # what an error code means, and what to do about it",
    "  pinwire explain ERR_NOT_PINNED",
    "",
    "Usage: pinwire COMMAND …",
    "",
    "Commands:",
    ...commandLines(commands),
    "",
    "pinwire COMMAND --help shows the options of a command, pinwire --version the version.",
    "Exit code: the status of gRPC that tells why (0 to 16), 64 when the command line is not understood.",
    "Certificates are the business of the certs-tool command.",
  ];
}
