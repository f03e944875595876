import { join } from "node:path";
import { openAuditLog } from "pinwire/audit";
import { pinwireSubject } from "../pinwire.js";

/** A record of each call in the audit log, before it runs and when it has ended. */
export const subject = {
  ...pinwireSubject("direct", "the direct transport with two audit records for each call", {
    async server({ socketPath }) {
      const place = join(`${socketPath}.audit`);
      const files = { keyFile: `${place}-key.pem`, anchorFile: `${place}-anchor.json` };
      return { audit: await openAuditLog({ directory: `${place}-log`, ...files }), auditLevel: "all" };
    },
  }),
  onRequest: true,
};
