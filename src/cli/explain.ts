import { readFileSync } from "node:fs";
import { print, printError } from "./output.js";

interface Explanation {
  readonly code: string;
  readonly status: string;
  readonly cause: string;
  readonly fix: string;
}

/** `pinwire explain`: the table of docs/errors.md, which is part of the package, so that there is only one. */
export function explain(code: string | undefined, json: boolean): number {
  const explanations = readExplanations();
  if (code === undefined) {
    print(json ? JSON.stringify(explanations) : explanations.map(({ code, cause }) => `${code}  ${cause}`).join("\n"));
    return 0;
  }
  const found = explanations.find((each) => each.code === code.toUpperCase());
  if (found === undefined) {
    printError(`there is no code ${JSON.stringify(code)}`, "run pinwire explain for all of them");
    return 1;
  }
  const { status, cause, fix } = found;
  print(
    json
      ? JSON.stringify(found)
      : [found.code, `status  ${status}`, `cause   ${cause}`, ...(fix ? [`fix     ${fix}`] : [])].join("\n"),
  );
  return 0;
}

function readExplanations(): Explanation[] {
  const page = readFileSync(new URL("../../../docs/errors.md", import.meta.url), "utf8");
  return [...page.matchAll(/^\| `(ERR_\w+)` \| `(\w+)` \| (.*?) \|(?: (.*?))? ?\|$/gm)].map(
    ([, code = "", status = "", cause = "", fix = ""]) => ({ code, status, cause: plain(cause), fix: plain(fix) }),
  );
}

function plain(markdown: string): string {
  return markdown.replaceAll("`", "").trim();
}
