import { join } from "node:path";
import { openAuditLog } from "pinwire/audit";
import { pinwireSubject } from "../pinwire.js";

/** An audit log of refusals, of which there are none here. */
export const subject = {
  ...pinwireSubject("direct", "the direct transport with an audit log of refusals", {
    async server({ socketPath }) {
      const place = join(`${socketPath}.audit`);
      const files = { keyFile: `${place}-key.pem`, anchorFile: `${place}-anchor.json` };
      return { audit: await openAuditLog({ directory: `${place}-log`, ...files }) };
    },
  }),
  onRequest: true,
};
