/** A promise that somebody else settles. Promise.withResolvers is not in Node.js 20. */
export interface Resolvable {
  readonly promise: Promise<void>;
  resolve(): void;
}

export function resolvable(): Resolvable {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
