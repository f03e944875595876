/** What a function throws. Fails when it throws nothing, or something that is not of the class. */
export function thrown<E extends Error>(type: new (...args: never[]) => E, run: () => unknown): E {
  try {
    run();
  } catch (error) {
    if (error instanceof type) return error;
    throw new Error(`a ${type.name} was expected, not this`, { cause: error });
  }
  throw new Error(`a ${type.name} was expected, nothing was thrown`);
}
