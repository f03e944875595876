import { type Channel, createChannel } from "../client/channel.js";
import { CommandLineError } from "../command-line/arguments.js";
import type { OptionSpecs } from "../command-line/command-spec.js";
import { loadCredentials } from "../credentials/load-credentials.js";
import { defaults } from "../defaults.js";
import { tokenFile } from "../tokens/token-source.js";
import { parseTimeout } from "./timeout.js";

/** How a command reaches a server. */
export const connectionOptions = {
  credentials: { kind: "value", value: "DIR", help: "who calls: a directory made by certs-tool issue" },
  peer: { kind: "value", value: "SPIFFE_ID", help: "the only server accepted" },
  token: { kind: "value", value: "FILE", help: "a capability token, as certs-tool token issue --out writes it" },
  timeout: { kind: "value", value: "TIME", help: "how long it may take: 500ms, 2s, 5m; 10s if nothing else says" },
} as const satisfies OptionSpecs;

export interface ConnectionOptions {
  readonly credentials: string | undefined;
  readonly peer: string | undefined;
  readonly token: string | undefined;
  readonly timeout: string | undefined;
}

/**
 * A channel to the target, connected by the first call.
 *
 * @throws CommandLineError; ConfigError of the credentials and the target
 */
export async function openChannel(target: string, { credentials, peer, token }: ConnectionOptions): Promise<Channel> {
  if (credentials === undefined) {
    throw new CommandLineError("--credentials DIR is missing", "certs-tool issue makes credentials");
  }
  if (peer === undefined) {
    throw new CommandLineError(
      "--peer SPIFFE_ID is missing",
      "name the only server you accept; certs-tool list has the names",
    );
  }
  const source = await loadCredentials(credentials, { watch: false });
  const attached = token === undefined ? {} : { token: tokenFile(token) };
  return createChannel({ credentials: source, target, peer, logger: silent, ...attached });
}

export function timeoutOf({ timeout }: Pick<ConnectionOptions, "timeout">): number {
  return timeout === undefined ? defaults.commandTimeoutMs : parseTimeout(timeout);
}

/** What a record would say, the error says. */
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, isLevelEnabled: () => false };
