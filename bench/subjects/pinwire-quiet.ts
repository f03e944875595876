import { pinwireSubject } from "../pinwire.js";

const nothing = () => {};
const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing, isLevelEnabled: () => false };

/** What those are compared with that log, measure and audit. */
export const subject = {
  ...pinwireSubject("direct", "the direct transport as it is by default, but for the log", {
    server: async () => ({ logger: silent }),
    client: async () => ({ logger: silent }),
  }),
  onRequest: true,
};
