import { ConfigError } from "../src/errors.js";
import { SpiffeId } from "../src/identity/spiffe-id.js";
import { TrustDomain } from "../src/identity/trust-domain.js";
import { CommandLineError } from "./arguments.js";

/** @throws CommandLineError */
export function parseTrustDomain(text: string): TrustDomain {
  return asArgument(() => TrustDomain.parse(text));
}

/** @throws CommandLineError */
export function parseSpiffeId(text: string): SpiffeId {
  return asArgument(() => SpiffeId.parse(text));
}

/** What is wrong with an argument whatever the files say is a matter of the command line. */
function asArgument<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandLineError(error.problem, error.hint);
    throw error;
  }
}
