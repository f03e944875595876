/**
 * A text as one line that only shows itself: control characters, which would steer a terminal or forge a line, characters
 * that turn the direction of writing, those that nobody sees, and halves of characters are escaped. (The two joiners stay,
 * which some scripts need.) What was JSON stays the same JSON.
 */
export function escapeControls(text: string): string {
  // Most texts have nothing of it, and looking is cheaper than replacing.
  if (/^[ -~]*$/.test(text)) return text;
  return text.replace(escaped, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** Without the flag `u`: a tag (U+E0000 and on) is escaped as its two halves, as JSON does it. */
const escaped = new RegExp(
  [
    "[\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u180e\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb]",
    "\\udb40(?=[\\udc00-\\udc7f])",
    "(?<=\\udb40)[\\udc00-\\udc7f]",
    "[\\ud800-\\udbff](?![\\udc00-\\udfff])",
    "(?<![\\ud800-\\udbff])[\\udc00-\\udfff]",
  ].join("|"),
  "g",
);
