import { connector } from "../grpc-js/connect.js";
import { serve } from "../grpc-js/serve.js";
import type { Subject } from "../subject.js";

export const subject: Subject = {
  kind: "module",
  description: "the same over TCP on the loopback interface",
  serve: async ({ server }) => `127.0.0.1:${await serve("127.0.0.1:0", server)}`,
  connector: ({ client }, address) => connector(address, client),
};
