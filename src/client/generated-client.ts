import type { DescService } from "@bufbuild/protobuf";
import type { MethodContracts } from "../rpc/generated-contracts.js";
import { Channel, type ChannelOptions } from "./channel.js";
import { type Client, type ClientOptions, createClient } from "./client.js";

/** What a generated `create…Client` function takes: the options of a channel of its own, or a channel that others share. */
export type ClientTarget = [options: ChannelOptions & ClientOptions] | [channel: Channel, options: ClientOptions];

/**
 * What a generated `create…Client` function does.
 *
 * @throws as `createClient()`; the first call fails with ConfigError ERR_GENERATED_STALE when the table does not fit
 */
export function generatedClient<S extends DescService>(
  service: S,
  contracts: MethodContracts<NoInfer<S>>,
  target: ClientTarget,
): Client<S> {
  const [first, second] = target;
  return first instanceof Channel
    ? createClient(service, first, { ...(second as ClientOptions), contracts })
    : createClient(service, { ...first, contracts });
}
