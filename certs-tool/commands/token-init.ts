import { noOperands } from "../../src/command-line/command-spec.js";
import { shellWord } from "../../src/files/file-modes.js";
import { TokenIssuer } from "../../src/tokens/token-issuer.js";
import { defineCommand } from "../command.js";
import { parseIssuerName } from "../parse-name.js";

export const tokenInitCommand = defineCommand({
  name: "token init",
  summary: "create an issuer of capability tokens",
  usage: "--issuer DIR --name SPIFFE_ID",
  examples: [
    ["an issuer for local.test", "certs-tool token init --issuer token-issuer --name spiffe://local.test/tokens"],
  ],
  operands: noOperands,
  options: {
    issuer: { kind: "required", value: "DIR", help: "where its keys are kept; made with mode 0700" },
    name: { kind: "required", value: "SPIFFE_ID", help: "what its tokens call it" },
  },
  notes: [
    "It writes keys.json (0600) with its present and its next key, and issuers.json, the public keys, which servers need.",
    "Whoever reads keys.json can grant anything on every server that trusts the issuer. Keep it apart from servers and clients.",
    "Running it again with the same name changes nothing and succeeds.",
  ],
  async run({ options }, { now }) {
    const { issuer, created } = await TokenIssuer.ensure(options.issuer, parseIssuerName(options.name), { now });
    const where = `in ${options.issuer}`;
    return {
      json: { created, issuer: issuer.iss, directory: options.issuer, issuersFile: issuer.publicFile },
      lines: created
        ? [
            `created the token issuer ${issuer.iss} ${where}`,
            `next: give ${shellWord(issuer.publicFile)} to the servers: createServer({ tokens: { issuers: … } })`,
          ]
        : [`the token issuer ${issuer.iss} is ${where} already; nothing changed`],
    };
  },
});
