import { type Token, tokensOf } from "./tokens.js";

const pinwire = JSON.stringify("pinwire");

/** What new handlers need of pinwire, by the names that a file has for it. */
export interface PinwireNames {
  readonly rpcError: string;
  readonly status: string;
  /** The import that is missing for that; empty when nothing is. */
  readonly missing: string;
  /** Where in the text it belongs: before the first import. */
  readonly at: number;
}

/** What a new file imports. */
export const usualNames: PinwireNames = {
  rpcError: "RpcError",
  status: "Status",
  missing: `import { RpcError, Status } from ${pinwire};`,
  at: 0,
};

/**
 * What a file that somebody has been writing in calls `RpcError` and `Status`. It may have removed them with the last handler
 * that needed them, renamed them, have them as types alone, or mean something else by these names.
 *
 * @param handlers where those are that more are added to; an import that is missing goes before them
 */
export function pinwireNames(text: string, handlers: number): PinwireNames {
  const tokens = tokensOf(text);
  const imported = importedValues(tokens);
  const missing: string[] = [];
  const nameOf = (name: string): string => {
    const known = imported.get(name);
    if (known !== undefined) return known;
    const isTaken = tokens.some((token) => token.kind === "word" && token.text === name);
    const chosen = isTaken ? `Pinwire${name}` : name;
    missing.push(isTaken ? `${name} as ${chosen}` : name);
    return chosen;
  };
  const rpcError = nameOf("RpcError");
  const status = nameOf("Status");
  const starts = importsIn(tokens).map((index) => (tokens[index] as Token).start);
  const first = starts.find((start) => start < handlers);
  return {
    rpcError,
    status,
    missing: missing.length === 0 ? "" : `import { ${missing.join(", ")} } from ${pinwire};`,
    at: first ?? /^\ufeff?(?:#![^\n]*\n)?/.exec(text)?.[0].length ?? 0,
  };
}

/** The indices of the words that begin an import: outside all brackets, and neither `import(…)` nor `import.meta`. */
function importsIn(tokens: readonly Token[]): number[] {
  let depth = 0;
  return [...tokens.keys()].filter((index) => {
    const { kind, text } = tokens[index] as Token;
    if (/^[({[]$/.test(text) || text.endsWith("${")) depth += 1;
    if (/^[)}\]]/.test(text)) depth -= 1;
    return depth === 0 && kind === "word" && text === "import" && !/^[(.]$/.test(tokens[index + 1]?.text ?? "");
  });
}

/** For each value that is imported from pinwire by its name, what it is called here. */
function importedValues(tokens: readonly Token[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const start of importsIn(tokens)) {
    const words = tokens.slice(
      start + 1,
      tokens.findIndex(({ kind }, index) => index > start && kind === "string") + 1,
    );
    const [first, source] = [words[0]?.text, words.at(-1)?.text.slice(1, -1)];
    if (first !== "{" || source !== "pinwire") continue;
    const list = words.map(({ text }) => text).join(" ");
    for (const part of list.slice(1, list.lastIndexOf("}")).split(",")) {
      const [, name, own = name] = /^ *(\S+)(?: as (\S+))? *$/.exec(part) ?? [];
      if (name !== undefined && own !== undefined) found.set(name, own);
    }
  }
  return found;
}
