import { RpcError } from "../../src/errors.js";

/** Everything an async iterable yields. */
export async function collect<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of iterable) items.push(item);
  return items;
}

/** The RpcError that a call fails with; fails itself when the call succeeds or throws something else. */
export async function failure(call: PromiseLike<unknown> | AsyncIterable<unknown>): Promise<RpcError> {
  try {
    await (Symbol.asyncIterator in call ? collect(call) : call);
  } catch (error) {
    if (error instanceof RpcError) return error;
    throw error;
  }
  throw new Error("the call succeeded");
}

/** A promise and the means to settle it: events for tests that would otherwise sleep. */
export function signalled<T = void>(): { promise: Promise<T>; resolve(value: T): void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
