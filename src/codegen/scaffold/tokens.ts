/** A piece of TypeScript that is neither space nor comment. */
export interface Token {
  readonly kind: "word" | "string" | "punctuation";
  /** As it stands in the text. A template is several: what is between its `${` and `}` are tokens of their own. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/**
 * The tokens of a source text, as far as one has to tell them apart to find brackets that belong together: what looks like
 * code inside strings, templates, comments and regular expressions is none.
 */
export function tokensOf(text: string): Token[] {
  return new Tokenizer(text).tokens;
}

const patterns = {
  space: /\s+|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|^#![^\n]*/y,
  string: /"(?:\\[\s\S]|[^"\\\n])*"?|'(?:\\[\s\S]|[^'\\\n])*'?/y,
  /** From a backtick, or from the brace that ends a `${}`, to the next of these. */
  template: /[`}](?:\\[\s\S]|\$(?!\{)|[^\\`$])*(?:`|\$\{|$)/y,
  word: /[\p{ID_Start}$_\d][\p{ID_Continue}$\u200c\u200d]*/uy,
  regularExpression: /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/\w*/y,
  punctuation: /\.\.\.|=>|[\s\S]/y,
};

class Tokenizer {
  readonly tokens: Token[] = [];
  readonly #text: string;
  #at = 0;
  /** For each template that is open: how many braces are, inside its `${`. */
  readonly #braces: number[] = [];
  /** For each parenthesis that is open: whether a statement follows its end, as after `if (…)`. */
  readonly #heads: boolean[] = [];
  #afterHead = false;

  constructor(text: string) {
    this.#text = text;
    while (this.#at < text.length) this.#next();
  }

  #next(): void {
    if (this.#find("space") !== "") return;
    const sign = this.#text[this.#at];
    if (sign === "`" || (sign === "}" && this.#braces.at(-1) === 0)) {
      this.#template(sign);
      return;
    }
    if (this.#push("string", "string") || this.#push("word", "word")) return;
    if (this.#mayBeginPattern() && this.#push("string", "regularExpression")) return;
    this.#count(sign);
    this.#countParentheses(sign);
    this.#push("punctuation", "punctuation");
  }

  #template(sign: string): void {
    if (sign === "}") this.#braces.pop();
    this.#push("string", "template");
    if (this.tokens.at(-1)?.text.endsWith("${")) this.#braces.push(0);
  }

  #mayBeginPattern(): boolean {
    const before = this.tokens.at(-1);
    return beginsPattern(before) || (before?.text === ")" && this.#afterHead);
  }

  #countParentheses(sign: string | undefined): void {
    const [before, last] = this.tokens.slice(-2).map(({ text }) => text);
    if (sign === "(")
      this.#heads.push(/^(?:if|while|for|with)$/.test(last ?? "") || (before === "for" && last === "await"));
    if (sign === ")") this.#afterHead = this.#heads.pop() ?? false;
  }

  /** Braces of code, as an object inside a template has them. */
  #count(sign: string | undefined): void {
    const last = this.#braces.length - 1;
    if (last < 0 || (sign !== "{" && sign !== "}")) return;
    this.#braces[last] = (this.#braces[last] ?? 0) + (sign === "{" ? 1 : -1);
  }

  #push(kind: Token["kind"], pattern: keyof typeof patterns): boolean {
    const start = this.#at;
    const text = this.#find(pattern);
    if (text !== "") this.tokens.push({ kind, text, start, end: this.#at });
    return text !== "";
  }

  #find(name: keyof typeof patterns): string {
    const pattern = patterns[name];
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }
}

const beforePattern = /^(?:return|typeof|case|in|of|do|else|void|delete|await|yield|throw)$/;

/** A slash divides what ends before it; after anything else it begins a regular expression. */
function beginsPattern(before: Token | undefined): boolean {
  if (before === undefined) return true;
  return before.kind === "word"
    ? beforePattern.test(before.text)
    : !/^[)\]}]$/.test(before.text) && before.kind !== "string";
}
