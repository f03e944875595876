/** Whoever counts or traces must not decide about calls and connections: what it throws gets no further. */
export function quietly<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
