import { readFileSync } from "node:fs";

/** A row of docs/errors.md. */
export interface Explanation {
  readonly code: string;
  readonly status: string;
  readonly cause: string;
  readonly fix: string;
}

/** The tables of docs/errors.md, which is part of the package, so that what people read and what the tool says is one. */
export function readExplanations(): Explanation[] {
  const page = readFileSync(new URL("../../../docs/errors.md", import.meta.url), "utf8");
  return [...page.matchAll(/^\| `(ERR_\w+)` \| `(\w+)` \| (.*?) \|(?: (.*?))? ?\|$/gm)].map(
    ([, code = "", status = "", cause = "", fix = ""]) => ({ code, status, cause: plain(cause), fix: plain(fix) }),
  );
}

function plain(markdown: string): string {
  return markdown.replaceAll("`", "").trim();
}
