import { types } from "node:util";

/**
 * Calls code that is not ours where nobody waits for it. Neither what it throws nor what its promise rejects with gets any
 * further than `onThrow`.
 */
export function contain(callback: () => unknown, onThrow: (error: unknown) => void): void {
  try {
    const result = callback();
    // An async function passes for a callback of any type.
    if (types.isPromise(result)) result.catch(onThrow);
  } catch (error) {
    onThrow(error);
  }
}
