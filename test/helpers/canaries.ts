import { randomBytes } from "node:crypto";
import { inspect } from "node:util";

/** Secrets, one for each place where one may be, so that a leak names where it came from. */
export class Canaries {
  readonly #placed = new Map<string, string>();

  /** The secret of a place; the same each time. */
  in(place: string): string {
    let canary = this.#placed.get(place);
    if (canary === undefined) {
      canary = `CANARY-${place}-${randomBytes(8).toString("hex")}`;
      this.#placed.set(place, canary);
    }
    return canary;
  }

  /** One that may be a name in code. */
  word(place: string): string {
    const word = this.in(`${place}-word`).replaceAll("-", "_");
    this.#placed.set(place, word);
    return word;
  }

  bytes(place: string): Uint8Array {
    return Buffer.from(this.in(place));
  }

  /** An error whose message, cause, stack and properties all hold secrets. */
  error(place: string): Error {
    const cause = Object.assign(new Error(this.in(`${place}-cause`)), { detail: this.in(`${place}-property`) });
    // A message that ends like the first frames of a stack.
    return new Error(`${this.in(`${place}-message`)}\n    at ${this.word(`${place}-false-frame`)} (file:///a.js:1:1)`, {
      cause,
    });
  }

  /** Something secret of a given text, for example a private key. */
  know(place: string, secret: string): void {
    this.#placed.set(place, secret);
  }

  get places(): readonly (readonly [place: string, secret: string])[] {
    return [...this.#placed];
  }
}

/** Everything that anybody can read afterwards. */
export class Sink {
  readonly #texts: { readonly where: string; readonly text: string }[] = [];

  add(where: string, what: unknown): void {
    this.#texts.push({ where, text: typeof what === "string" ? what : described(what) });
  }

  /** How much there is of each kind, so that an empty sink passes for no clean one. */
  get sizes(): Readonly<Record<string, number>> {
    const sizes: Record<string, number> = {};
    for (const { where, text } of this.#texts) sizes[where] = (sizes[where] ?? 0) + text.length;
    return sizes;
  }

  /** Each secret that was found, and where. */
  leaksOf(canaries: Canaries): string[] {
    const leaks = canaries.places.flatMap(([place, secret]) => {
      const forms = formsOf(secret);
      return this.#texts
        .filter(({ text }) => forms.some((form) => text.includes(form)))
        .map(({ where, text }) => `${place} in ${where}: ${around(text, forms)}`);
    });
    return [...new Set(leaks)];
  }
}

/** An error with its cause, stack and properties, as somebody sees it who prints it. */
function described(what: unknown): string {
  return inspect(what, {
    depth: 12,
    maxStringLength: null,
    maxArrayLength: null,
    showHidden: true,
    breakLength: 1_000,
  });
}

/** A secret as it is, in base64 and base64url at each of the three places it may have in a group, and in hexadecimal. */
function formsOf(secret: string): string[] {
  const base64 = [0, 1, 2].map((before) => {
    const text = Buffer.from("\0".repeat(before) + secret).toString("base64");
    // What the neighbours change of the first and last group is left out.
    return text.slice(before === 0 ? 0 : 4, -4);
  });
  const url = base64.map((text) => text.replaceAll("+", "-").replaceAll("/", "_"));
  return [secret, ...base64, ...url, Buffer.from(secret).toString("hex")];
}

function around(text: string, forms: readonly string[]): string {
  const at = Math.min(...forms.map((form) => text.indexOf(form)).filter((index) => index >= 0));
  return JSON.stringify(text.slice(Math.max(0, at - 120), at + 40));
}
