import { type AuditReport, verifyAuditLog } from "../../../audit/verify-audit-log.js";
import { CommandLineError } from "../../../command-line/arguments.js";
import { Status } from "../../../status.js";
import { defineCommand } from "../../command.js";
import { exitCode } from "../../exit-code.js";

export const auditVerifyCommand = defineCommand({
  name: "audit verify",
  summary: "prove that nobody changed an audit log",
  usage: "DIR [--key FILE] [--anchor FILE]",
  examples: [
    [
      "with the anchor, which also proves that the end was not cut off",
      "pinwire audit verify /var/lib/notes/audit --key /etc/notes/audit-key.pem --anchor /mnt/elsewhere/notes-anchor.json",
    ],
  ],
  operands: { name: "DIR", min: 1, max: 1 },
  options: {
    key: { kind: "value", value: "FILE", help: "the checkpoint key, either half; else the one in the anchor counts" },
    anchor: { kind: "value", value: "FILE", help: "the newest checkpoint, from its second place" },
  },
  notes: [
    "Exit code 15 (DATA_LOSS): the log is not as it was written; the first bad record is named.",
    "Key and anchor have to come from where whoever could change the log could not change them.",
    "While a server writes to the log, its last line may be half there: try again.",
  ],
  async run({ operands: [directory = ""], options: { key, anchor } }, { output }) {
    if (key === undefined && anchor === undefined) {
      throw new CommandLineError(
        "--key FILE or --anchor FILE is missing",
        "name what the server's openAuditLog() has as keyFile and anchorFile, best both: --key audit-key.pem --anchor anchor.json",
      );
    }
    const report = await verifyAuditLog(directory, {
      ...(key === undefined ? {} : { keyFile: key }),
      ...(anchor === undefined ? {} : { anchorFile: anchor }),
    });
    output.result(report, linesOf(report));
    return report.ok ? exitCode.ok : Status.DATA_LOSS;
  },
});

function linesOf({ fault, records, segments, firstSeq, lastSeq, epochs, unsigned, anchored }: AuditReport): string[] {
  if (fault !== undefined) {
    const { reason, segment, seq, line } = fault;
    return [`NOT AS IT WAS WRITTEN: ${reason}`, `at record ${seq}: segment ${segment}, line ${line}`];
  }
  return [
    `ok: ${records} records, ${firstSeq} to ${lastSeq}, in ${segments} segments and ${epochs} epochs`,
    unsigned === 0 ? "all of them are signed" : `${unsigned} after the last checkpoint are not signed yet`,
    anchored ? "the anchor fits: the end is there" : "no anchor was given: nobody can tell whether the end was cut off",
  ];
}
