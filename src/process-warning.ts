/** What a listener threw: it is its own fault, and no reason for what it was told of to fail. */
export function processWarning(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error));
}
