import { connector } from "../grpc-js/connect.js";
import { serve } from "../grpc-js/serve.js";
import type { Subject } from "../subject.js";

export const subject: Subject = {
  kind: "module",
  description: "@grpc/grpc-js alone, its defaults, mutual TLS over a Unix socket",
  packageName: "@grpc/grpc-js",
  async serve({ socketPath, server }) {
    const target = `unix:${socketPath}`;
    await serve(target, server);
    return target;
  },
  connector: ({ client }, address) => connector(address, client),
};
