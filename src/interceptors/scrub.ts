import { escapeControls } from "../escape-controls.js";

/**
 * The last net: whatever found its way into a record although nothing should, keys, tokens and certificates are taken out
 * of it. It looks for forms, so it is no reason to log what may be secret.
 */
const suspicious = /-----BEGIN|\beyJ[\w-]{8}|\bbearer\s|\bM[CI][\w+/-]{40}|\bM[A-P][\w+/-]CAQ|"d\\?"\s*:|PRIVATE KEY/i;

const forms: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN[\s\S]*?(?:-----END[^-]*-----|$)/g, "[PEM removed]"],
  // Also without what follows a dot: whatever begins like one is taken out whole, and looked at once.
  [/\beyJ[\w-]{8,}(?:\.[\w-]*){0,4}/g, "[token removed]"],
  [/\bbearer\s+\S+/gi, "[token removed]"],
  // Not a pin, which may begin in any way.
  [/(?<!sha256\/)\bM[CI][\w+/-]{40,}={0,2}/g, "[DER removed]"],
  // A sequence that begins with the version of a private key.
  [/(?<!sha256\/)\bM[A-P][\w+/-]CAQ[A-Z][\w+/-]{20,}={0,2}/g, "[DER removed]"],
  // A private JWK, also as a text within JSON.
  [/("d\\?"\s*:\s*\\?")[\w-]{16,}/g, "$1[key removed]"],
];

/** Deeper than any record of ours. */
const mostDepth = 40;

/**
 * The same fields, or a copy without what looks like a secret, of which each text is one line that shows itself: whoever
 * writes records need not write JSON, and JSON escapes little of what steers a terminal.
 */
export function scrubFields<T extends object>(fields: T): T {
  return scrubValue(fields, 0) as T;
}

function scrubValue(value: unknown, depth: number, name = ""): unknown {
  // Frames of our own code, one on each line.
  if (typeof value === "string") return name === "stack" && depth === 1 ? scrubText(value) : shown(value);
  if (typeof value !== "object" || value === null) return value;
  // What is not looked at is not let through.
  if (depth > mostDepth) return "[too deep]";
  if (Array.isArray(value))
    return unchangedOr(
      value,
      value.map((item) => scrubValue(item, depth + 1)),
    );
  let copy: Record<string, unknown> | undefined;
  for (const [name, item] of Object.entries(value)) {
    const scrubbed = scrubValue(item, depth + 1, name);
    if (scrubbed === item) continue;
    copy ??= { ...value };
    copy[name] = scrubbed;
  }
  return copy ?? value;
}

function shown(text: string): string {
  return escapeControls(scrubText(text));
}

/** The same text, or one without what looks like a secret. */
export function scrubText(text: string): string {
  if (!suspicious.test(text)) return text;
  return forms.reduce((scrubbed, [form, instead]) => scrubbed.replace(form, instead), text);
}

function unchangedOr(before: readonly unknown[], after: readonly unknown[]): readonly unknown[] {
  return after.every((item, index) => item === before[index]) ? before : after;
}
