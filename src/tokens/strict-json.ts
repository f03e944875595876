/**
 * Reads a JSON object of which there is one reading only: printable ASCII without escapes, no space between its parts, no
 * member twice, numbers as they are written by everybody. Undefined when it is anything else.
 *
 * Parsers differ in which of two equal members counts, and in what they make of 1e308 or of an escaped name; what one
 * checks another must not read differently.
 */
export function parseStrictObject(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!/^\{[\x20-\x5b\x5d-\x7e]*\}$/.test(text)) return undefined;
  try {
    const value: Record<string, unknown> = JSON.parse(text);
    // What is spaced, doubled or written in an unusual way looks different when it is written again.
    return JSON.stringify(value) === text ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether an object has exactly these members; those that end in `?` may be missing. */
export function hasMembers(value: object, ...names: readonly string[]): boolean {
  const optional = names.filter((name) => name.endsWith("?")).map((name) => name.slice(0, -1));
  const required = names.filter((name) => !name.endsWith("?"));
  const keys = Object.keys(value);
  return required.every((name) => keys.includes(name)) && keys.every((key) => [...required, ...optional].includes(key));
}
