import { dirname } from "node:path";
import { type Scaffolded, type ScaffoldedService, scaffold } from "../../codegen/scaffold/scaffold.js";
import { formatDiagnostic } from "../../codegen/schema-error.js";
import { CommandLineError } from "../../command-line/arguments.js";
import { errorCodes } from "../../errors.js";
import { statusName } from "../../status.js";
import { defineCommand } from "../command.js";
import { exitCode } from "../exit-code.js";
import type { Output } from "../output.js";
import { openSchemaFiles } from "../schema/schema-files.js";

export const scaffoldCommand = defineCommand({
  name: "scaffold",
  summary: "write the handlers of services, still to be filled",
  usage: "FILE… [--out DIR] [--gen DIR] [options]",
  examples: [
    ["src/notes.ts, with a handler for each method of NotesService", "pinwire scaffold proto/notes/v1/notes.proto"],
    ["elsewhere, from descriptors", "pinwire scaffold --out src/handlers schema.binpb"],
  ],
  operands: { name: "FILE", min: 1, max: Number.POSITIVE_INFINITY },
  options: {
    out: { kind: "value", value: "DIR", help: "where the handlers go; src if nothing else is said" },
    gen: { kind: "value", value: "DIR", help: "where buf generate writes; src/gen if nothing else is said" },
    "import-extension": { kind: "value", value: "EXTENSION", help: "as in buf.gen.yaml: js (the default), ts or none" },
  },
  notes: [
    "FILE is a .proto, compiled by buf with the buf.yaml of this directory, or descriptors written by buf build or protoc.",
    "One file per service. A second run adds handlers for new methods and touches nothing else.",
    "It also names handlers and files for what the schema no longer has; then the exit code is 9.",
  ],
  async run({ operands, options }, { output, env }) {
    const { out = "src", gen = "src/gen" } = options;
    if (out.endsWith(".ts")) {
      const hint = `name the directory: --out ${dirname(out)}; the file is named after the service`;
      throw new CommandLineError(`--out ${out} is a file`, hint);
    }
    const importExtension = extension(options["import-extension"] ?? "js");
    const files = await openSchemaFiles(operands, env);
    const done = await scaffold({ files, out, gen, importExtension });
    output.result(
      { services: done.services, obsolete: done.obsolete.map(({ at, problem }) => ({ ...at, problem })) },
      done.services.length === 0 ? ["there is no service in these files"] : done.services.map(line),
    );
    return reportObsolete(done, output);
  },
});

function extension(value: string): ".js" | ".ts" | "" {
  if (value === "js" || value === "ts") return `.${value}`;
  if (value === "none") return "";
  throw new CommandLineError(`--import-extension is js, ts or none, not ${JSON.stringify(value)}`, "see buf.gen.yaml");
}

function line({ service, path, state, added }: ScaffoldedService): string {
  const what = state === "updated" ? `: added ${added.join(", ")}` : "";
  return `${state} ${path} (${service})${what}`;
}

function reportObsolete({ obsolete }: Scaffolded, output: Output): number {
  if (obsolete.length === 0) return exitCode.ok;
  const status = errorCodes.ERR_HANDLER_OBSOLETE;
  output.error({
    problem: "the schema no longer has what some handlers are for",
    code: "ERR_HANDLER_OBSOLETE",
    status: statusName(status),
    details: obsolete.map((each) => ({ json: { ...each.at, problem: each.problem }, line: formatDiagnostic(each) })),
    hint: "remove them, or put the methods back",
  });
  return status;
}
