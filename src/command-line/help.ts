import type { CommandSpec, OptionSpec, OptionSpecs } from "./command-spec.js";

/** Options that every command has. */
export const commonOptions = {
  json: { kind: "flag", value: "", help: "print the result as one JSON object" },
  help: { kind: "flag", value: "", help: "print this text" },
} as const satisfies OptionSpecs;

export function commandHelp(command: CommandSpec): string[] {
  return [
    "Examples:",
    ...exampleLines(command),
    "",
    `Usage: ${command.tool} ${command.name} ${command.usage}`,
    "",
    ...wrapped(command.summary),
    "",
    "Options:",
    ...optionLines({ ...command.options, ...commonOptions }),
    ...(command.notes.length === 0 ? [] : ["", ...command.notes.flatMap((note) => wrapped(note, "- ", "  "))]),
  ];
}

function exampleLines({ examples }: CommandSpec): string[] {
  return examples.flatMap(([comment, line]) => [`  # ${comment}`, `  ${line}`]);
}

function optionLines(options: OptionSpecs): string[] {
  const heads = Object.entries(options).map(([name, spec]) => headOf(name, spec));
  const width = Math.max(...heads.map((head) => head.length));
  return Object.values(options).map(({ help }, index) => `  ${(heads[index] ?? "").padEnd(width)}  ${help}`);
}

function headOf(name: string, { kind, value }: OptionSpec): string {
  return `--${name}${value === "" ? "" : ` ${value}`}${kind === "list" ? " …" : ""}`;
}

/** Breaks a text at 88 characters. */
function wrapped(text: string, first = "", rest = ""): string[] {
  const lines = [first.trimEnd()];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    const joined = line === "" ? word : `${line} ${word}`;
    if (joined.length <= 88) lines[lines.length - 1] = joined;
    else lines.push(`${rest}${word}`);
  }
  return lines;
}
