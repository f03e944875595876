import type { DescMethod } from "@bufbuild/protobuf";
import type { Arguments } from "../../command-line/arguments.js";
import { defaults } from "../../defaults.js";
import { RpcError } from "../../errors.js";
import { methodContract } from "../../rpc/method-contract.js";
import { streamsRequests } from "../../rpc/streaming.js";
import { Status } from "../../status.js";
import { detailsOf } from "../calling/error-details.js";
import { messageJson } from "../calling/message-json.js";
import { parseMetadata } from "../calling/metadata-option.js";
import { performCall } from "../calling/perform-call.js";
import { manyRequests, oneRequest } from "../calling/requests.js";
import { showMetadata } from "../calling/show-metadata.js";
import { type Context, defineCommand } from "../command.js";
import { connectionOptions, openChannel, timeoutOf } from "../connection-options.js";
import { exitCode } from "../exit-code.js";
import { Interruption } from "../interruption.js";
import { failureOf } from "../report-error.js";
import { Reflection } from "../schema/ask-reflection.js";
import { lookUpMethod } from "../schema/look-up.js";
import { openSchema, schemaOptions } from "../schema/open-schema.js";
import { ReflectedSchema } from "../schema/reflected-schema.js";
import type { Schema } from "../schema/schema.js";
import { parseTimeout } from "../timeout.js";

const options = {
  ...connectionOptions,
  ...schemaOptions,
  metadata: { kind: "list", value: "KEY=VALUE", help: "request metadata; the value of a KEY-bin is base64" },
  "emit-defaults": { kind: "flag", value: "", help: "show fields that have their default value too" },
  verbose: { kind: "flag", value: "", help: "show response header and trailer on standard error" },
} as const;

type CallArguments = Arguments<typeof options>;

export const callCommand = defineCommand({
  name: "call",
  summary: "call a method, with JSON in and out",
  usage: "TARGET SERVICE/METHOD [JSON…] --credentials DIR --peer SPIFFE_ID [options]",
  examples: [
    [
      "one request, one response; the server describes its schema (reflection)",
      `pinwire call unix:/run/user/1000/greeter/greeter.sock hello.v1.GreeterService/SayHello '{"name":"world"}' --credentials certs/cli --peer spiffe://local.test/greeter`,
    ],
    ["the schema from .proto files, and less time", `pinwire call … '{"name":"world"}' --proto proto --timeout 500ms`],
    [
      "a stream of requests: one JSON a line, until the end of the input",
      "pinwire call … hello.v1.GreeterService/Chat < names.jsonl",
    ],
    ["metadata, and what comes back of it", "pinwire call … --metadata trace=on --metadata key-bin=AAEC --verbose"],
  ],
  operands: { name: "TARGET and SERVICE/METHOD", min: 2, max: Number.POSITIVE_INFINITY },
  options,
  notes: [
    "JSON is that of protobuf: lowerCamelCase names, 64-bit numbers as texts, bytes as base64. Each response is one line.",
    "Without JSON, or with -, a stream of requests is read from standard input, line by line as it comes; its end ends the stream. A method with one request takes {} then, or with - the whole of standard input.",
    "The schema is that of --proto or --descriptor, else what the server says of itself.",
    "The exit code is the gRPC status: 0 OK to 16 UNAUTHENTICATED. A command line that is not understood is 64.",
    "Ctrl-C cancels the call, which ends with 1 (CANCELLED).",
  ],
  async run(args, context) {
    const [target = "", name = ""] = args.operands;
    await using channel = await openChannel(target, args.options);
    const given = await openSchema(args.options, context.env);
    const schema = given ?? new ReflectedSchema(new Reflection(channel, timeoutOf(args.options)));
    const method = await lookUpMethod(schema, name);
    return await call({ channel, method, schema, args, context });
  },
});

interface PreparedCall {
  readonly channel: Awaited<ReturnType<typeof openChannel>>;
  readonly method: DescMethod;
  readonly schema: Schema;
  readonly args: CallArguments;
  readonly context: Context;
}

async function call(prepared: PreparedCall): Promise<number> {
  const { schema, context } = prepared;
  const { output, stdin } = context;
  using interruption = new Interruption();
  try {
    await exchange(prepared, AbortSignal.any([interruption.signal, output.readerLeft]));
    return exitCode.ok;
  } catch (error) {
    if (output.readerLeft.aborted) return exitCode.ok;
    if (!(error instanceof RpcError)) throw error;
    // Requests that could not be read have ended the call, and say why.
    if (
      error.status === Status.CANCELLED &&
      !error.received &&
      error.cause instanceof Error &&
      !interruption.signal.aborted
    ) {
      throw error.cause;
    }
    const failure = { ...failureOf(error), details: await detailsOf(error, schema) };
    output.error({ ...failure, hint: tokenHint(error, prepared) ?? failure.hint });
    return error.status;
  } finally {
    // A terminal, or a writer that never ends, must not keep us.
    stdin.destroy();
  }
}

async function exchange({ channel, method, schema, args, context }: PreparedCall, signal: AbortSignal): Promise<void> {
  const { output, stdin } = context;
  const { options } = args;
  const source = { words: args.operands.slice(2), stdin, schema };
  const request = streamsRequests(method) ? manyRequests(method, source) : await oneRequest(method, source);
  const show = options.verbose ? showMetadata(output) : {};
  const metadata = parseMetadata(options.metadata);
  const callOptions = { timeoutMs: timeoutFor(method, options.timeout), metadata, signal, ...show };
  const form = { schema, emitDefaults: options["emit-defaults"] };
  for await (const response of performCall(channel, method, request, callOptions)) {
    output.line(JSON.stringify(await messageJson(method.output, response, form)));
    await output.drained();
  }
}

/** The server says only that a valid token is required; here one can see whether there was one, and what it has to grant. */
function tokenHint({ code }: RpcError, { method, args }: PreparedCall): string | undefined {
  const { requiredScopes } = methodContract(method);
  if (code !== "ERR_RPC_UNAUTHENTICATED" || requiredScopes.length === 0) return undefined;
  const { token } = args.options;
  if (token !== undefined)
    return `run: certs-tool token inspect ${token}; the server's log has the reason under the reference`;
  return `pass --token FILE; certs-tool token issue ${requiredScopes.join(" ")} --out FILE makes one`;
}

/** What is said here, else what the schema says, else time for one answer or for a conversation. */
function timeoutFor(method: DescMethod, timeout: string | undefined): number {
  if (timeout !== undefined) return parseTimeout(timeout);
  const usual = method.methodKind === "unary" ? defaults.commandTimeoutMs : defaults.commandStreamTimeoutMs;
  return methodContract(method).defaultTimeoutMs ?? usual;
}
