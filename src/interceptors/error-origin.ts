/** Where an unexpected error came from, as fields of a record. */
export interface ErrorOrigin {
  readonly errorName: string;
  readonly stack?: string;
}

/**
 * The message stays out: nobody knows what a handler puts into one. A stack begins with it, and some of its lines may look like
 * those of the stack. What throws when it is asked says only its type.
 */
export function originOf(error: unknown): ErrorOrigin {
  try {
    if (!(error instanceof Error)) return { errorName: typeof error };
    const name = String(error.name);
    // Anything but the name of a class is a text that somebody made up, and the stack begins with that too.
    if (!/^[A-Za-z_$][\w$]{0,63}$/.test(name)) return { errorName: "Error" };
    return { errorName: name, stack: framesOf(error).slice(0, 12).join("\n") };
  } catch {
    return { errorName: typeof error };
  }
}

/** None at all when the message was changed since: then it is not known where in the stack it ends. */
function framesOf({ stack, message }: Error): string[] {
  const text = String(stack ?? "");
  const head = text.indexOf(String(message));
  if (head < 0) return [];
  const rest = text.slice(head + String(message).length);
  return rest.split("\n").filter((line) => frame.test(line));
}

/** `    at name (file:line:column)`, as V8 writes it: a few words of what can stand in a name, and a place. */
const frame =
  /^ {4}at (?:[\w$.#<>[\]]+ ){0,6}\(?(?:(?:file:\/\/|node:|\/|[A-Za-z]:[\\/])[^()]*:\d+:\d+|<anonymous>|index \d+|native)\)?$/;
