/** The four kinds of match of gRFC A43, for principals, paths and values of headers. */
export interface Pattern {
  readonly kind: "exact" | "prefix" | "suffix" | "presence";
  /** Without its star. */
  readonly text: string;
}

/** Matches every value but the empty one; no peer and no path is empty. */
export const anything: Pattern = { kind: "presence", text: "" };

export function exactly(text: string): Pattern {
  return { kind: "exact", text };
}

export function beginningWith(text: string): Pattern {
  return { kind: "prefix", text };
}

/** Reads `abc`, `abc*`, `*abc` or `*`. A star anywhere else means nothing in A43; then there is no pattern. */
export function readPattern(text: string): Pattern | undefined {
  if (text === "*") return anything;
  const stars = text.split("*").length - 1;
  if (stars === 0) return exactly(text);
  if (stars > 1) return undefined;
  if (text.endsWith("*")) return beginningWith(text.slice(0, -1));
  return text.startsWith("*") ? { kind: "suffix", text: text.slice(1) } : undefined;
}

export function matchesPattern({ kind, text }: Pattern, value: string): boolean {
  switch (kind) {
    case "exact":
      return value === text;
    case "prefix":
      return value.startsWith(text);
    case "suffix":
      return value.endsWith(text);
    case "presence":
      return value !== "";
  }
}
