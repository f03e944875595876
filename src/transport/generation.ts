const generations = new WeakMap<object, number>();
let last = 0;

/** A number for each state of credentials that this process has used: equal for the same one, higher for a later one. */
export function generationOf(state: object): number {
  const known = generations.get(state);
  if (known !== undefined) return known;
  generations.set(state, ++last);
  return last;
}
