import { RpcError } from "../../../src/errors.js";
import type { CallOptions } from "../../../src/rpc/call-options.js";
import { Metadata } from "../../../src/rpc/metadata.js";
import { statusName } from "../../../src/status.js";
import type { GreeterClient } from "../greeter-pair.js";
import { type CallPlan, content, type Entry, writesOf } from "./program.js";
import { described, type Run, shown } from "./run.js";

/** All that the user of a client sees of a call. */
export interface Observed {
  /** Undefined when there was none, or an empty one: HTTP/2 has a header in any case. */
  readonly header: readonly string[] | undefined;
  readonly messages: readonly string[];
  /** "OK", "left", or status, code and text of the error. */
  readonly outcome: string;
  /** Undefined when the call ended without the server. */
  readonly trailer: readonly string[] | undefined;
}

/** Does the client's part of a run. `key` tells the server which one it is. */
export async function perform(client: GreeterClient, run: Run, key: string): Promise<Observed> {
  const { plan } = run;
  const messages: string[] = [];
  let header: readonly string[] | undefined;
  let trailer: readonly string[] | undefined;
  const options: CallOptions = {
    timeoutMs: plan.ending.by === "deadline" ? 100 : 60_000,
    signal: run.cancel.signal,
    metadata: metadataOf(plan.metadata).set("x-script", key),
    onHeader: (received) => {
      header = received.size === 0 ? undefined : shown(received);
    },
    onTrailer: (received) => {
      trailer = shown(received);
    },
  };
  const sizes = writesOf(plan);
  const onMessage = ({ greeting }: { readonly greeting: string }) => {
    messages.push(described(greeting, messages.length, sizes));
    run.got();
  };
  const outcome = await call(client, run, options, onMessage).catch(describedError);
  return { header, messages, outcome, trailer };
}

type OnMessage = (response: { readonly greeting: string }) => void;

async function call(client: GreeterClient, run: Run, options: CallOptions, onMessage: OnMessage): Promise<string> {
  const { plan } = run;
  const single = { name: content(0, plan.requests[0] ?? 0) };
  switch (plan.kind) {
    case "unary":
      onMessage(await client.sayHello(single, options));
      return "OK";
    case "client":
      onMessage(await client.collectHellos(requestsOf(plan), options));
      return "OK";
    case "server":
      return readAll(run, client.sayManyHellos(single, options), onMessage);
    case "bidi":
      return readAll(run, client.chat(requestsOf(plan), options), onMessage);
  }
}

async function readAll(
  { plan: { reader }, handled }: Run,
  responses: AsyncIterable<{ readonly greeting: string }>,
  onMessage: OnMessage,
): Promise<string> {
  const iterator = responses[Symbol.asyncIterator]();
  if (reader.reads === "afterwards") await handled;
  for (let i = 0; i !== reader.reads; i++) {
    const next = await iterator.next();
    if (next.done) return "OK";
    onMessage(next.value);
  }
  await iterator.return?.();
  return "left";
}

async function* requestsOf({ requests, ending }: CallPlan) {
  for (const [place, bytes] of requests.entries()) yield { name: content(place, bytes) };
  if (ending.by === "broken requests") throw new Error("there were to be more");
}

function metadataOf(entries: readonly Entry[]): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of entries) metadata.append(key, value);
  return metadata;
}

function describedError(error: unknown): string {
  if (!(error instanceof RpcError)) throw error;
  const text = error.rawMessage.replace(/reference [0-9a-f]{12}/, "reference …");
  return `${statusName(error.status)} ${error.code} ${JSON.stringify(text)}`;
}
