// The shapes that the formatters of the TypeScript world (Biome, Prettier) give to code, as far as generated code needs them:
// what stands in brackets is on one line where it fits, else each part has a line of its own.

/** What this project has it set to. */
const lineWidth = 120;

/** Breaks the lines that are too long, and takes away the spaces at the end of a line that a comment brought along. */
export function formatted(code: string): string {
  return code
    .split("\n")
    .map((line) => broken(line.trimEnd()))
    .join("\n");
}

/** Only lines that hold one pair of brackets worth breaking are ever generated: imports, parameters, arguments, lists. */
const breakable = /^( *)((?:import|export|return|readonly|\w).*?[({[]) ?(.+?) ?([)}\]][^)}\]]*)$/;

function broken(line: string): string {
  if (line.length <= lineWidth) return line;
  const [, indentation = "", before, inner, after] = breakable.exec(line) ?? [];
  if (before === undefined || inner === undefined || after === undefined) return line;
  const parts = inner.split(", ").map((part) => `${indentation}  ${part},\n`);
  return `${indentation}${before}\n${parts.join("")}${indentation}${after}`;
}
