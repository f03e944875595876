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

/** Whether words on a command line ask for the help: what follows `--` is no option. */
export function asksForHelp(words: readonly string[]): boolean {
  const end = words.indexOf("--");
  const before = end < 0 ? words : words.slice(0, end);
  return before.includes("--help") || before.includes("-h");
}

/** The list of the commands of a tool. */
export function commandLines(commands: readonly Pick<CommandSpec, "name" | "summary">[]): string[] {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
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
