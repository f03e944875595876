import { methodName } from "../../rpc/method-path.js";
import { defineCommand } from "../command.js";
import { connectionOptions } from "../connection-options.js";
import { exitCode } from "../exit-code.js";
import { lookUpService } from "../schema/look-up.js";
import { schemaOptions } from "../schema/open-schema.js";
import { withSchema } from "../schema/with-schema.js";

export const listCommand = defineCommand({
  name: "list",
  summary: "list the services of a server or a schema, or the methods of a service",
  usage: "[TARGET] [SERVICE] [options]",
  examples: [
    [
      "what a server offers, by its own account (reflection)",
      "pinwire list unix:/run/user/1000/greeter/greeter.sock --credentials certs/cli --peer spiffe://local.test/greeter",
    ],
    ["the methods of a service of .proto files", "pinwire list hello.v1.GreeterService --proto proto"],
  ],
  operands: { name: "TARGET and SERVICE", min: 0, max: 2 },
  options: { ...connectionOptions, ...schemaOptions },
  notes: ["Without --proto and --descriptor the server is asked, and --credentials and --peer are needed."],
  async run({ operands, options }, { output, env }) {
    return withSchema({ operands, options, env }, async (schema, name) => {
      if (name === undefined) {
        const services = await schema.serviceNames();
        output.result({ services }, services);
        return exitCode.ok;
      }
      const service = await lookUpService(schema, name);
      const methods = service.methods.map(methodName);
      output.result({ service: service.typeName, methods }, methods);
      return exitCode.ok;
    });
  },
});
