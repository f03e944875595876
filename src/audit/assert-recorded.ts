import type { DescService } from "@bufbuild/protobuf";
import { ConfigError } from "../errors.js";
import { methodContract } from "../rpc/method-contract.js";
import type { AuditLog } from "./audit-log.js";

/** @throws ConfigError ERR_NO_AUDIT_LOG when a schema promises records that nobody would write */
export function assertRecorded(services: Iterable<DescService>, log: AuditLog | undefined): void {
  if (log !== undefined) return;
  for (const { methods } of services) {
    for (const { name, audit } of methods.map(methodContract)) {
      if (audit === undefined || audit === "none") continue;
      throw new ConfigError(
        "ERR_NO_AUDIT_LOG",
        `the schema of ${name} asks for an audit log (level ${audit}), and this server has none`,
        'give createServer() the option audit: await openAuditLog({ … }) of "pinwire/audit"',
      );
    }
  }
}
