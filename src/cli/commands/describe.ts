import { CommandLineError } from "../../command-line/arguments.js";
import { defineCommand } from "../command.js";
import { connectionOptions } from "../connection-options.js";
import { describe } from "../describing/describe.js";
import { exitCode } from "../exit-code.js";
import { lookUp } from "../schema/look-up.js";
import { schemaOptions } from "../schema/open-schema.js";
import type { Described } from "../schema/schema.js";
import { withSchema } from "../schema/with-schema.js";

export const describeCommand = defineCommand({
  name: "describe",
  summary: "show a service, method, message or enum as its .proto has it",
  usage: "[TARGET] NAME [options]",
  examples: [
    [
      "a service: its methods, and what the schema says of who may call them",
      "pinwire describe hello.v1.GreeterService --proto proto",
    ],
    ["a method, and the message it takes", "pinwire describe hello.v1.GreeterService/SayHello --proto proto"],
    [
      "the same by the server's own account (reflection)",
      "pinwire describe unix:/run/user/1000/greeter/greeter.sock hello.v1.SayHelloRequest --credentials certs/cli --peer spiffe://local.test/greeter",
    ],
  ],
  operands: { name: "NAME", min: 1, max: 2 },
  options: { ...connectionOptions, ...schemaOptions },
  notes: [
    "Names are written in full; what is left out is what a .proto would put around a declaration.",
    "Without --proto and --descriptor the server is asked, and --credentials and --peer are needed.",
  ],
  async run({ operands, options }, { output, env }) {
    return withSchema({ operands, options, env }, async (schema, name) => {
      if (name === undefined) throw new CommandLineError("NAME is missing", "pinwire list shows what there is");
      const desc = await lookUp(schema, name);
      // A method alone does not say what to send.
      const shown: Described[] = desc.kind === "rpc" ? [desc, desc.input, desc.output] : [desc];
      const described = [...new Set(shown)].map(describe);
      output.result(
        described[0]?.json ?? {},
        described.flatMap(({ lines }, index) => (index === 0 ? lines : ["", ...lines])),
      );
      return exitCode.ok;
    });
  },
});
