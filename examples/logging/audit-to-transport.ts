import { pino, type TransportSingleOptions } from "pino";
import { type AuditFollower, type AuditRecord, followAuditLog } from "pinwire/audit";

/** Records of an audit log go to a transport of pino as well. Those it did not take come again, and the process is warned. */
export function auditToTransport(directory: string, options: TransportSingleOptions, afterSeq = 0): AuditFollower {
  const transport = pino.transport(options);
  // flush() says it, too; without a listener it would end the process.
  transport.on("error", () => {});
  const logger = pino({ base: null, timestamp: false }, transport);
  const send = (records: readonly AuditRecord[]) => {
    for (const record of records) logger.info(record);
    return new Promise<void>((resolve, reject) => transport.flush((error) => (error ? reject(error) : resolve())));
  };
  const onProblem = (error: unknown) => process.emitWarning(`the audit log is not passed on: ${String(error)}`);
  return followAuditLog(directory, { send, afterSeq, onProblem });
}
