import { setTimeout as delay } from "node:timers/promises";
import { type ReadPosition, readAuditLog, readLastRecords } from "../../../audit/read-audit-log.js";
import { CommandLineError } from "../../../command-line/arguments.js";
import { defineCommand } from "../../command.js";
import { exitCode } from "../../exit-code.js";
import { Interruption } from "../../interruption.js";
import { lineOf } from "./line-of.js";

/** How often a log that is followed is looked at. */
const pollMs = 250;

export const auditTailCommand = defineCommand({
  name: "audit tail",
  summary: "show the newest records of an audit log",
  usage: "DIR [--lines N] [--follow]",
  examples: [["the last twenty, and each that comes until Ctrl-C", "pinwire audit tail /var/lib/notes/audit --follow"]],
  operands: { name: "DIR", min: 1, max: 1 },
  options: {
    lines: { kind: "value", value: "N", help: "how many; 20 unless said otherwise" },
    follow: { kind: "flag", value: "", help: "go on with the records to come" },
  },
  notes: ["Shows, and proves nothing: pinwire audit verify does that. With --json, a record is a line of JSON."],
  async run({ operands: [directory = ""], options: { lines = "20", follow } }, { output }) {
    if (!/^[1-9]\d{0,5}$/.test(lines))
      throw new CommandLineError(`--lines ${lines} is no number of lines`, "--lines 20");
    const last = await readLastRecords(directory, Number(lines));
    for (const record of last.records) output.line(output.json ? JSON.stringify(record) : lineOf(record));
    if (!follow) return exitCode.ok;
    using interruption = new Interruption();
    const signal = AbortSignal.any([interruption.signal, output.readerLeft]);
    let position: ReadPosition = last.position;
    while (!signal.aborted) {
      const reading = readAuditLog(directory, position);
      for (let step = await reading.next(); ; step = await reading.next()) {
        if (step.done) {
          position = step.value;
          break;
        }
        // What a slow reader has not taken stays in the log.
        if (!output.line(output.json ? JSON.stringify(step.value) : lineOf(step.value))) await output.drained();
      }
      await delay(pollMs, undefined, { signal }).catch(() => {});
    }
    return exitCode.ok;
  },
});
