import { RpcError } from "../../../src/errors.js";
import type { HandlerContext } from "../../../src/rpc/call-context.js";
import type { Greeter } from "../greeter-pair.js";
import { type CallPlan, content } from "./program.js";
import type { Run } from "./run.js";

type Named = { readonly name: string };

/** A greeter that does in each call what the plan says whose key the caller sends. */
export class ScriptedGreeter {
  readonly #runs = new Map<string, Run>();
  #keys = 0;

  /** Registers a run; the result is its key. */
  add(run: Run): string {
    const key = String(++this.#keys);
    this.#runs.set(key, run);
    return key;
  }

  readonly implementation: Greeter = {
    sayHello: async (request, context) => {
      // Not of a plan: a call that shows that all before it on its connection has been read.
      if (!context.requestMetadata.has("x-script")) return { greeting: "pong" };
      return only(this.#play(listed(request), context));
    },
    sayManyHellos: (request, context) => this.#play(listed(request), context),
    collectHellos: async (requests, context) => ({ ...(await only(this.#play(requests, context))), count: 0 }),
    chat: (requests, context) => this.#play(requests, context),
  };

  async *#play(requests: AsyncIterable<Named>, context: HandlerContext) {
    const run = this.#runs.get(context.requestMetadata.get("x-script") ?? "");
    if (run === undefined) throw new Error("a call without a plan");
    const { plan } = run;
    const iterator = requests[Symbol.asyncIterator]();
    run.begin(context);
    try {
      for (const [key, value] of plan.header) context.responseHeader.append(key, value);
      for (const [key, value] of plan.trailer) context.responseTrailer.append(key, value);
      let written = 0;
      for (const each of plan.steps) {
        if (each.step === "header") context.sendHeader();
        else if (each.step === "confirm") await run.received(written, context.signal);
        else if (each.step === "write") yield { greeting: content(written++, each.bytes) };
        else await read(run, iterator, each.count);
      }
      await end(plan, run, context.signal);
    } finally {
      run.end();
    }
  }
}

async function read(run: Run, requests: AsyncIterator<Named>, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const next = await requests.next();
    if (next.done) return;
    run.saw(next.value.name);
  }
}

async function end({ ending }: CallPlan, run: Run, signal: AbortSignal): Promise<void> {
  if (ending.by === "success") return;
  if (ending.by === "status") throw new RpcError(ending.status, ending.message);
  if (ending.by === "accident") throw new Error("not for the caller");
  if (ending.by === "cancel") run.cancel.abort();
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

async function* listed(request: Named) {
  yield request;
}

async function only(responses: AsyncIterable<{ greeting: string }>): Promise<{ greeting: string }> {
  let last: { greeting: string } = { greeting: "" };
  for await (const response of responses) last = response;
  return last;
}
