/**
 * Reads a JSON object that means the same to every reader: `JSON.parse` keeps the last of two equal keys without a word. For
 * files whose texts hold neither spaces nor escapes, so that what was lost or respelt shows when it is written again.
 *
 * @param refuse makes the error of a problem, which does not quote the text
 */
export function parseUnambiguousObject(text: string, refuse: (problem: string) => Error): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refuse("it is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw refuse("it is not an object");
  if (JSON.stringify(value) === text.replace(/[ \t\r\n]/g, "")) return value as Record<string, unknown>;
  throw refuse("a key occurs twice, or a string or number is written in an unusual way");
}
