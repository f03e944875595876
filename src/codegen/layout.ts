// The shapes that the formatters of the TypeScript world (Biome, Prettier) give to code, as far as generated code needs them:
// what stands in brackets is on one line where it fits, else each part has a line of its own.

/** What this project has it set to. */
const lineWidth = 120;

/** Breaks the lines that are too long, and takes away the spaces at the end of a line that a comment brought along. */
export function formatted(code: string): string {
  const lines: string[] = [];
  let indentation = "";
  for (const line of code.split("\n").map((each) => each.trimEnd())) {
    const table = tableHead.exec(line);
    if (table !== null && line.length > lineWidth) {
      const [, before, type, after] = table;
      if (line.length > lineWidth + " {".length) {
        lines.push(`${before}<`, `  ${type}`, `>${after} {`);
      } else {
        lines.push(`${before}<${type}>${after}`, "  {");
        indentation = "  ";
      }
    } else {
      lines.push(...broken(line === "" ? line : indentation + line));
    }
    if (line === "};") indentation = "";
  }
  return lines.join("\n");
}

/** `export const x: T<typeof Y> = {`: too long, its brackets are broken; too long by the last one, it moves down. */
const tableHead = /^(export const .+)<(typeof .+)>( =) \{$/;

/** Only lines that hold one pair of brackets worth breaking are ever generated: imports, parameters, arguments, lists. */
const breakable = /^( *)(\w.*?[({[]) ?(.+?) ?([)}\]][^)}\]]*)$/;

function broken(line: string): string[] {
  if (line.length <= lineWidth) return [line];
  const [, indentation = "", before, inner, after] = breakable.exec(line) ?? [];
  if (before === undefined || inner === undefined || after === undefined) return [line];
  const parts = inner.split(", ").map((part) => `${indentation}  ${part}${part.startsWith("...") ? "" : ","}`);
  return [indentation + before, ...parts, indentation + after];
}
