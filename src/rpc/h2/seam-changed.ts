/** A private part of grpc-js that pinwire depends on is not what it was. Better no transport than one that fails open. */
export function seamChanged(what: string): Error {
  return new Error(`this version of @grpc/grpc-js ${what} differently; pinwire needs 1.14.7 or a later 1.14`);
}
