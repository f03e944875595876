import { readAuditLog } from "../../../audit/read-audit-log.js";
import { defineCommand } from "../../command.js";
import { exitCode } from "../../exit-code.js";
import { assertTypeIsKnown, filterOptions, recordFilter } from "./filter.js";
import { lineOf } from "./line-of.js";

export const auditShowCommand = defineCommand({
  name: "audit show",
  summary: "show the records of an audit log that fit",
  usage: "DIR [--seq N] [--type TYPE] [--peer SPIFFE_ID] [--method PATH] [--since TIME] [--until TIME]",
  examples: [
    [
      "who was refused in January",
      "pinwire audit show /var/lib/notes/audit --type call.refused --since 2026-01-01 --until 2026-02-01",
    ],
  ],
  operands: { name: "DIR", min: 1, max: 1 },
  options: filterOptions,
  notes: ["Shows, and proves nothing: pinwire audit verify does that. With --json, a record is a line of JSON."],
  async run({ operands: [directory = ""], options }, { output }) {
    const fits = recordFilter(options);
    let found = false;
    for await (const record of readAuditLog(directory)) {
      if (output.readerLeft.aborted) break;
      if (!fits(record)) continue;
      found = true;
      if (!output.line(output.json ? JSON.stringify(record) : lineOf(record))) await output.drained();
    }
    if (!found && !output.readerLeft.aborted) assertTypeIsKnown(options);
    return exitCode.ok;
  },
});
