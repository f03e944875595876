/**
 * JSON of one object in printable ASCII: what a peer can name (control characters, U+2028, lone surrogates, marks that turn
 * the direction of writing) can neither begin a line nor reach a terminal as anything but an escape.
 */
export function asciiJson(fields: object): string {
  // JSON.stringify has escaped what is below U+0020, and lone surrogates.
  return JSON.stringify(fields).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
