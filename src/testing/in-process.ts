import { Channel, type ChannelOptions } from "../client/channel.js";
import type { Server } from "../server/server.js";
import { duplexPair } from "./duplex-pair.js";

/** What a channel has that needs no socket. */
export type InProcessOptions = Omit<ChannelOptions, "target" | "transports">;

/** It is looked at by nobody, and stands in messages. */
const target = process.platform === "win32" ? "npipe:in-process" : "unix:/in-process";

/**
 * A channel to a server of the same process, without a socket and without `listen()`. Everything else is as in earnest: TLS with
 * both certificates, pins, policy, the direct transport, and all stages of a call. The server must speak `direct`, which it
 * does unless it was told otherwise.
 *
 * @throws UsageError, ConfigError as createChannel()
 */
export function connectInProcess(server: Server, options: InProcessOptions): Channel {
  return new Channel({ ...options, target, transports: ["direct"] }, async () => {
    const [ours, theirs] = duplexPair();
    await server.takeConnection(theirs);
    return ours;
  });
}
