import { csvHeader, csvLine } from "../../../audit/csv.js";
import { readAuditLog } from "../../../audit/read-audit-log.js";
import { CommandLineError } from "../../../command-line/arguments.js";
import { defineCommand } from "../../command.js";
import { exitCode } from "../../exit-code.js";
import { assertTypeIsKnown, filterOptions, recordFilter } from "./filter.js";

export const auditExportCommand = defineCommand({
  name: "audit export",
  summary: "write an audit log in a form for other programs",
  usage: "DIR [--format csv|jsonl] [--type TYPE] [--peer SPIFFE_ID] [--since TIME] [--until TIME]",
  examples: [["for a spreadsheet", "pinwire audit export /var/lib/notes/audit --format csv > audit.csv"]],
  operands: { name: "DIR", min: 1, max: 1 },
  options: {
    ...filterOptions,
    format: { kind: "value", value: "FORMAT", help: "csv or jsonl; jsonl unless said otherwise" },
  },
  notes: ["A cell of a CSV that a spreadsheet would take for a formula begins with an apostrophe."],
  async run({ operands: [directory = ""], options: { format = "jsonl", ...filter } }, { output }) {
    if (format !== "csv" && format !== "jsonl") {
      throw new CommandLineError(`there is no format ${JSON.stringify(format)}`, "--format csv, or --format jsonl");
    }
    const fits = recordFilter(filter);
    let found = false;
    if (format === "csv") output.line(csvHeader);
    for await (const record of readAuditLog(directory)) {
      if (output.readerLeft.aborted) break;
      if (!fits(record)) continue;
      found = true;
      if (!output.line(format === "csv" ? csvLine(record) : JSON.stringify(record))) await output.drained();
    }
    if (!found && !output.readerLeft.aborted) assertTypeIsKnown(filter);
    return exitCode.ok;
  },
});
