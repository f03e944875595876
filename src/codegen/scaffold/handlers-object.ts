import { type Token, tokensOf } from "./tokens.js";

/** The object literal that holds the handlers of a service, in a file that somebody has been writing in. */
export interface HandlersObject {
  /** Where its `{` and its `}` stand. */
  readonly open: number;
  readonly close: number;
  readonly handlers: readonly { readonly name: string; readonly start: number }[];
  /** Whether something is spread into it, so that nobody can see all it has. */
  readonly spreads: boolean;
  /** The end of the last thing in it, when no comma follows. */
  readonly missingComma: number | undefined;
}

/**
 * Finds `: Type = {…}` or `{…} satisfies Type`; undefined when there is neither, and when brackets do not belong together: then
 * the text was not understood, and whoever added to it would add in the wrong place.
 */
export function findHandlers(text: string, type: string): HandlersObject | undefined {
  const tokens = tokensOf(text);
  const pairs = bracketPairs(tokens);
  if (pairs === undefined) return undefined;
  for (const [index, token] of tokens.entries()) {
    if (token.text !== type) continue;
    const before = tokens[index - 1]?.text;
    const opening = before === ":" && tokens[index + 1]?.text === "=" ? index + 2 : undefined;
    const closing = before === "satisfies" ? index - 2 : undefined;
    const open = opening ?? (closing === undefined ? undefined : pairs.get(closing));
    const close = closing ?? (opening === undefined ? undefined : pairs.get(opening));
    if (open === undefined || close === undefined || tokens[open]?.text !== "{") continue;
    return describe(tokens, open, close, pairs);
  }
  return undefined;
}

function describe(tokens: readonly Token[], open: number, close: number, pairs: ReadonlyMap<number, number>) {
  const handlers: { name: string; start: number }[] = [];
  let spreads = false;
  let index = open + 1;
  while (index < close) {
    const { name, token } = propertyName(tokens, index);
    if (name === "...") spreads = true;
    else if (name !== undefined && isNamed(tokens[tokens.indexOf(token) + 1]))
      handlers.push({ name, start: token.start });
    while (index < close && tokens[index]?.text !== ",") index = (pairs.get(index) ?? index) + 1;
    index += 1;
  }
  const last = tokens[close - 1] as Token;
  return {
    open: (tokens[open] as Token).start,
    close: (tokens[close] as Token).start,
    handlers,
    spreads,
    missingComma: close - 1 > open && last.text !== "," ? last.end : undefined,
  };
}

/** What follows the name of a property. Anything else is part of a value: `f<A, B>()` has a comma too. */
function isNamed(next: Token | undefined): boolean {
  return /^[(:,}<]$/.test(next?.text ?? "");
}

/** `name`, `async name`, `async *name`, `get name`, `"name"`; what is computed has no name that could be read. */
function propertyName(tokens: readonly Token[], start: number): { name: string | undefined; token: Token } {
  let index = start;
  while (isModifier(tokens, index)) index += 1;
  const token = tokens[index] as Token;
  if (token.kind === "word" || token.text === "...") return { name: token.text, token };
  return { name: token.kind === "string" ? token.text.slice(1, -1) : undefined, token };
}

/** `async` is a modifier unless it is the name itself: `async() {}`, `async: …`, `async,`. */
function isModifier(tokens: readonly Token[], index: number): boolean {
  const text = tokens[index]?.text ?? "";
  if (text === "*") return true;
  return /^(?:async|get|set)$/.test(text) && !/^(?:[(:,}<]|)$/.test(tokens[index + 1]?.text ?? "");
}

/** For the index of each bracket that of its partner; undefined when one has none. */
function bracketPairs(tokens: readonly Token[]): Map<number, number> | undefined {
  const pairs = new Map<number, number>();
  const open: number[] = [];
  for (const [index, token] of tokens.entries()) {
    const opening = closes(token);
    if (opening !== undefined) {
      const partner = open.pop();
      if (partner === undefined || opens(tokens[partner] as Token) !== opening) return undefined;
      pairs.set(partner, index);
      pairs.set(index, partner);
    }
    if (opens(token) !== undefined) open.push(index);
  }
  return open.length === 0 ? pairs : undefined;
}

/** The kind of bracket that a token opens. */
function opens({ kind, text }: Token): string | undefined {
  if (kind === "punctuation") return /^[({[]$/.test(text) ? text : undefined;
  return kind === "string" && /^[`}]/.test(text) && text.endsWith("${") ? "${" : undefined;
}

/** The kind of bracket that a token closes. */
function closes({ kind, text }: Token): string | undefined {
  if (kind === "punctuation") return ({ ")": "(", "}": "{", "]": "[" } as Record<string, string>)[text];
  return kind === "string" && text.startsWith("}") ? "${" : undefined;
}
