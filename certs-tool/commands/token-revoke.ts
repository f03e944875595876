import { noOperands } from "../../src/command-line/command-spec.js";
import { inspectToken } from "../../src/tokens/inspect-token.js";
import { revokeTokens } from "../../src/tokens/revoke-tokens.js";
import { defineCommand } from "../command.js";
import { parseSpiffeId } from "../parse-name.js";
import { readToken } from "../read-token.js";

export const tokenRevokeCommand = defineCommand({
  name: "token revoke",
  summary: "revoke capability tokens in the file that servers watch",
  usage: "--file FILE [--token FILE]… [--jti ID]… [--subject SPIFFE_ID]…",
  examples: [
    ["an empty file, which a server can be given", "certs-tool token revoke --file revoked.json"],
    ["one token, and what was delegated from it", "certs-tool token revoke --file revoked.json --token cli.token"],
    [
      "everything that a peer holds or has handed on",
      "certs-tool token revoke --file revoked.json --subject spiffe://local.test/cli",
    ],
  ],
  operands: noOperands,
  options: {
    file: { kind: "required", value: "FILE", help: "the revocation file; made when it is not there" },
    token: { kind: "list", value: "FILE", help: "a file that holds a token" },
    jti: { kind: "list", value: "ID", help: "the jti of a token, from issued.jsonl or token inspect" },
    subject: { kind: "list", value: "SPIFFE_ID", help: "a holder: all that was issued to it until now" },
  },
  notes: [
    "Running servers refuse what is revoked from the next call on, also on connections on which it was used before.",
    "A subject may be issued new tokens five seconds later; to keep it out take its pin or its rule away.",
    "What was revoked more than a day ago has expired and is dropped from the file.",
  ],
  async run({ options }, { now }) {
    const subjects = options.subject.map((id) => parseSpiffeId(id).toString());
    const tokens = [...options.jti];
    for (const file of options.token) tokens.push(await jtiOf(file, now()));
    const report = await revokeTokens(options.file, { tokens, subjects }, { now });
    return {
      json: { file: options.file, revoked: { tokens, subjects }, ...report },
      lines: [
        ...tokens.map((jti) => `revoked the token ${jti}`),
        ...subjects.map((id) => `revoked what was issued to ${id} until now`),
        `${options.file} names ${report.tokens} tokens and ${report.subjects} subjects`,
      ],
    };
  },
});

async function jtiOf(file: string, now: number): Promise<string> {
  const text = await readToken(file);
  return inspectToken(text, new Date(now)).at(-1)?.claims.jti ?? "";
}
