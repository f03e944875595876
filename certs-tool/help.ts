import type { Command, OptionSpec, OptionSpecs } from "./command.js";

/** Options that every command has. */
export const commonOptions = {
  json: { kind: "flag", value: "", help: "print the result as one JSON object" },
  help: { kind: "flag", value: "", help: "print this text" },
} as const satisfies OptionSpecs;

export function commandHelp(command: Command): string[] {
  return [
    "Examples:",
    ...exampleLines(command),
    "",
    `Usage: certs-tool ${command.name} ${command.usage}`,
    "",
    ...wrapped(command.summary),
    "",
    "Options:",
    ...optionLines({ ...command.options, ...commonOptions }),
    ...(command.notes.length === 0 ? [] : ["", ...command.notes.flatMap((note) => wrapped(note, "- ", "  "))]),
  ];
}

export function toolHelp(commands: readonly Command[]): string[] {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    "Examples:",
    "  # a CA, two identities, and each learns the other's key",
    "  certs-tool init --ca ca --trust-domain local.test",
    "  certs-tool issue spiffe://local.test/greeter --ca ca --out certs/greeter",
    "  certs-tool issue spiffe://local.test/cli --ca ca --out certs/cli",
    "  certs-tool pin certs/greeter certs/cli",
    "",
    "Usage: certs-tool COMMAND …",
    "",
    "Commands:",
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    "",
    "certs-tool COMMAND --help shows the options of a command, certs-tool --version the version.",
    "Exit code 0: done, or it was so already. 1: refused or failed. 2: the command line is not understood.",
  ];
}

function exampleLines({ examples }: Command): string[] {
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
