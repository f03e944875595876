/** Tells an iterator that nobody reads on. The call has its status by then; what the clean-up throws concerns nobody. */
export async function endQuietly(iterator: AsyncIterator<unknown> | Iterator<unknown>): Promise<void> {
  try {
    await iterator.return?.();
  } catch {
    // See above.
  }
}
