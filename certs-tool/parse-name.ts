import { checkDnsNames } from "../src/ca/dns-name.js";
import { CommandLineError } from "../src/command-line/arguments.js";
import { ConfigError } from "../src/errors.js";
import { SpiffeId } from "../src/identity/spiffe-id.js";
import { TrustDomain } from "../src/identity/trust-domain.js";

/** @throws CommandLineError */
export function parseTrustDomain(text: string): TrustDomain {
  return asArgument(() => TrustDomain.parse(text));
}

/** The SPIFFE ID of an identity, which has a path. @throws CommandLineError */
export function parseSpiffeId(text: string): SpiffeId {
  const id = asArgument(() => SpiffeId.parse(text));
  if (id.path !== "") return id;
  const problem = `${id} names the trust domain itself, not an identity in it`;
  throw new CommandLineError(problem, `add a path, for example ${id}/greeter`);
}

/** The name of a token issuer, which may be the trust domain itself. @throws CommandLineError */
export function parseIssuerName(text: string): SpiffeId {
  return asArgument(() => SpiffeId.parse(text));
}

/** @throws CommandLineError */
export function parseDnsNames(names: readonly string[]): string[] {
  return asArgument(() => checkDnsNames(names));
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
