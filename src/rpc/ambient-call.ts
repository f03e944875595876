import { AsyncLocalStorage } from "node:async_hooks";
import type { Call } from "./call.js";

/**
 * The server call whose handler is running, so that the calls it makes inherit its deadline and its cancellation.
 *
 * Before Node.js 24 one use of AsyncLocalStorage makes every promise of the process about four times slower, so there a
 * process that has never made a channel does not pay for it.
 */
let storage: AsyncLocalStorage<Call> | undefined = nodeMajor() >= 24 ? new AsyncLocalStorage() : undefined;

/** Called when the first channel of the process is made: from now on there can be nested calls. */
export function enableAmbientCalls(): void {
  storage ??= new AsyncLocalStorage();
}

export function runInCall<T>(call: Call, handler: () => T): T {
  return storage === undefined ? handler() : storage.run(call, handler);
}

/** The call under way, if this code runs on behalf of one. */
export function ambientCall(): Call | undefined {
  return storage?.getStore();
}

function nodeMajor(): number {
  return Number.parseInt(process.versions.node, 10);
}
