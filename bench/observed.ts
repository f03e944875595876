import type { OpenTelemetryOption } from "pinwire";
import { openAuditLog } from "pinwire/audit";
import { pinwireSubject } from "./pinwire.js";
import type { ModuleSubject } from "./subject.js";

/** The log as it is by default, an audit log of refusals, and metrics on both sides. */
export function observedSubject(description: string, option: () => OpenTelemetryOption): ModuleSubject {
  return {
    ...pinwireSubject("direct", description, {
      async server({ socketPath }) {
        const place = `${socketPath}.audit`;
        const files = { keyFile: `${place}-key.pem`, anchorFile: `${place}-anchor.json` };
        return { audit: await openAuditLog({ directory: `${place}-log`, ...files }), openTelemetry: option() };
      },
      client: async () => ({ openTelemetry: option() }),
    }),
    onRequest: true,
  };
}
