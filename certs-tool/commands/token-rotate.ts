import { noOperands } from "../../src/command-line/command-spec.js";
import { shellWord } from "../../src/files/file-modes.js";
import { TokenIssuer } from "../../src/tokens/token-issuer.js";
import { defineCommand } from "../command.js";

export const tokenRotateCommand = defineCommand({
  name: "token rotate",
  summary: "change the key that signs capability tokens",
  usage: "--issuer DIR [--forget]",
  examples: [
    ["as a matter of routine", "certs-tool token rotate --issuer token-issuer"],
    [
      "the keys were stolen: no token signed so far is good any more",
      "certs-tool token rotate --issuer token-issuer --forget",
    ],
  ],
  operands: noOperands,
  options: {
    issuer: { kind: "required", value: "DIR", help: "the directory that certs-tool token init made" },
    forget: { kind: "flag", value: "", help: "drop every key there was, at once" },
  },
  notes: [
    "The next key, which servers know already, signs from now on, and a new next one is made. The key before it stays known until the rotation after this one: leave a day between two, the longest that a token lives.",
    "Give issuers.json to the servers again before the next rotation; running servers take it without a restart.",
  ],
  async run({ options }, { now }) {
    const issuer = await TokenIssuer.open(options.issuer, { now });
    const { kid, nextKid } = await issuer.rotate({ forget: options.forget });
    const { publicFile } = issuer;
    const gone = options.forget ? ["no token signed so far is good on a server that has the new file"] : [];
    return {
      json: { issuer: issuer.iss, kid, nextKid, forgot: options.forget, issuersFile: publicFile },
      lines: [
        `${issuer.iss} signs with ${kid}; next will be ${nextKid}`,
        ...gone,
        `next: give ${shellWord(publicFile)} to the servers`,
      ],
    };
  },
});
