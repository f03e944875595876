import { setTimeout as delay } from "node:timers/promises";
import { toJson } from "@bufbuild/protobuf";
import { createClient } from "../../client/client.js";
import { AdminService, type GetStatsResponse, GetStatsResponseSchema } from "../../gen/pinwire/admin/v1/admin_pb.js";
import { defineCommand } from "../command.js";
import { connectionOptions, openChannel, timeoutOf } from "../connection-options.js";
import { exitCode } from "../exit-code.js";
import { Interruption } from "../interruption.js";
import { parseTimeout } from "../timeout.js";
import { topScreen } from "../top-screen.js";

export const topCommand = defineCommand({
  name: "top",
  summary: "show live what a server does: methods, rates, latencies, peers, refusals",
  usage: "TARGET --credentials DIR --peer SPIFFE_ID [--interval 1s] [--once]",
  examples: [
    [
      "until Ctrl-C",
      "pinwire top unix:/run/user/1000/greeter/greeter.sock --credentials certs/operator --peer spiffe://local.test/greeter",
    ],
    ["the figures once, for a program", "pinwire top … --once --json"],
  ],
  operands: { name: "TARGET", min: 1, max: 1 },
  options: {
    ...connectionOptions,
    interval: { kind: "value", value: "TIME", help: "how often; 1s unless said otherwise" },
    once: { kind: "flag", value: "", help: "show the figures since the start of the server, and end" },
  },
  notes: [
    "The server has to be made with admin: true, and the credentials have to hold the role admin (its option roles).",
    "With --json, each answer is a line of JSON.",
  ],
  async run({ operands: [target = ""], options }, { output }) {
    await using channel = await openChannel(target, options);
    const client = createClient(AdminService, channel, { timeoutMs: timeoutOf(options) });
    const everyMs = parseTimeout(options.interval ?? "1s");
    using interruption = new Interruption();
    const signal = AbortSignal.any([interruption.signal, output.readerLeft]);
    let before: GetStatsResponse | undefined;
    while (!signal.aborted) {
      const stats = await client.getStats({});
      if (output.json) output.line(JSON.stringify(toJson(GetStatsResponseSchema, stats)));
      else output.screen(topScreen(stats, before));
      if (options.once) break;
      before = stats;
      await delay(everyMs, undefined, { signal }).catch(() => {});
    }
    return exitCode.ok;
  },
});
