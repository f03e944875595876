/** Where an unexpected error came from, as fields of a record. */
export interface ErrorOrigin {
  readonly errorName: string;
  readonly stack?: string;
}

/** The message stays out: nobody knows what a handler puts into one. What throws when it is asked says only its type. */
export function originOf(error: unknown): ErrorOrigin {
  try {
    if (!(error instanceof Error)) return { errorName: typeof error };
    const frames = String(error.stack ?? "")
      .split("\n")
      .filter((line) => /^\s+at /.test(line));
    return { errorName: String(error.name).slice(0, 100), stack: frames.slice(0, 12).join("\n") };
  } catch {
    return { errorName: typeof error };
  }
}
