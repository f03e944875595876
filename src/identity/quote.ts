/**
 * A value from outside, quoted for a message: escaped to printable ASCII so that it cannot forge a log line, and cut so
 * that it cannot fill the log.
 */
export function quote(value: unknown): string {
  const text = String(value);
  const cut = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return JSON.stringify(cut).replace(/[^\x20-\x7e…]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
