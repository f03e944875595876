/**
 * What user code threw, as something that can be looked at. JavaScript lets anything be thrown: what throws again when it
 * is asked what it is (a Proxy, or what has one for its prototype) becomes a plain error, so that nobody further out has to
 * expect it.
 */
export function tame(thrown: unknown): unknown {
  try {
    // Asks each of its prototypes, as every later instanceof will.
    void (thrown instanceof Error);
    return thrown;
  } catch {
    return new Error("something was thrown that cannot be looked at");
  }
}
