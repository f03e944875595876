import { connector } from "../node-tls/connect.js";
import { serve } from "../node-tls/serve.js";
import type { Subject } from "../subject.js";

export const subject: Subject = {
  kind: "module",
  description: "the floor: length-prefixed frames on node:tls, echoed, no protobuf, no calls",
  async serve({ socketPath, server }) {
    await serve(socketPath, server);
    return socketPath;
  },
  connector: ({ client }, address) => connector(address, client),
};
