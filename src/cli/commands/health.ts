import { createClient } from "../../client/client.js";
import { defaults } from "../../defaults.js";
import { RpcError } from "../../errors.js";
import { Health, HealthCheckResponse_ServingStatus as ServingStatus } from "../../gen/grpc/health/v1/health_pb.js";
import { Status } from "../../status.js";
import { defineCommand } from "../command.js";
import { connectionOptions, openChannel, timeoutOf } from "../connection-options.js";
import { exitCode } from "../exit-code.js";
import { Interruption } from "../interruption.js";
import type { Output } from "../output.js";
import { parseTimeout } from "../timeout.js";

export const healthCommand = defineCommand({
  name: "health",
  summary: "ask a server, or one service of it, whether it serves",
  usage: "TARGET [SERVICE] --credentials DIR --peer SPIFFE_ID [--watch]",
  examples: [
    [
      "the server as a whole",
      "pinwire health unix:/run/user/1000/greeter/greeter.sock --credentials certs/cli --peer spiffe://local.test/greeter",
    ],
    ["one service, and each change of it until Ctrl-C", "pinwire health … hello.v1.GreeterService --watch"],
  ],
  operands: { name: "TARGET", min: 1, max: 2 },
  options: {
    ...connectionOptions,
    watch: { kind: "flag", value: "", help: "go on, and print each change on a line" },
  },
  notes: [
    "Exit code 0: SERVING. 14 (UNAVAILABLE): it does not serve, or is not there. 5 (NOT_FOUND): it has no such service. Otherwise the status that the question failed with.",
    "A watch ends with Ctrl-C, after --timeout, or with the server; the last answer counts.",
  ],
  async run({ operands: [target = "", service = ""], options }, { output }) {
    await using channel = await openChannel(target, options);
    const client = createClient(Health, channel, { timeoutMs: timeoutOf(options) });
    if (!options.watch) {
      const { status } = await client.check({ service });
      return show(output, service, status);
    }
    using interruption = new Interruption();
    const timeoutMs = options.timeout === undefined ? defaults.commandStreamTimeoutMs : parseTimeout(options.timeout);
    const signal = AbortSignal.any([interruption.signal, output.readerLeft, AbortSignal.timeout(timeoutMs)]);
    const watch = () => client.watch({ service }, { timeoutMs, signal });
    return await follow(watch, signal, (status) => show(output, service, status));
  },
});

/** Prints each change. A server limits how long a call may take; the watch is begun again when its time was over. */
async function follow(
  watch: () => AsyncIterable<{ readonly status: ServingStatus }>,
  signal: AbortSignal,
  show: (status: ServingStatus) => number,
): Promise<number> {
  let last: { readonly status: ServingStatus; readonly code: number } | undefined;
  while (!signal.aborted) {
    let answered = false;
    try {
      for await (const { status } of watch()) {
        answered = true;
        if (status !== last?.status) last = { status, code: show(status) };
      }
      break;
    } catch (error) {
      if (signal.aborted) break;
      const timeIsOver = error instanceof RpcError && error.status === Status.DEADLINE_EXCEEDED;
      if (!timeIsOver || !answered) throw error;
    }
  }
  return last?.code ?? Status.CANCELLED;
}

function show(output: Output, service: string, status: ServingStatus): number {
  const name = ServingStatus[status] ?? `status ${status}`;
  output.result({ service, status: name }, [name]);
  if (status === ServingStatus.SERVING) return exitCode.ok;
  return status === ServingStatus.SERVICE_UNKNOWN ? Status.NOT_FOUND : Status.UNAVAILABLE;
}
