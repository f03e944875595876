import { type InspectedToken, inspectToken } from "../../src/tokens/inspect-token.js";
import { defineCommand } from "../command.js";
import { formatTime } from "../output.js";
import { readToken } from "../read-token.js";

export const tokenInspectCommand = defineCommand({
  name: "token inspect",
  summary: "show what a capability token says",
  usage: "FILE",
  examples: [
    ["a token", "certs-tool token inspect cli.token"],
    ["its jti, for a script", "certs-tool token inspect cli.token --json | jq -r '.tokens[-1].claims.jti'"],
  ],
  operands: { name: "FILE", min: 1, max: 1 },
  options: {},
  notes: [
    "Of a delegated token, those it came from are shown too, the issuer's first.",
    "Nothing is verified but the form; only the server that it is for can tell whether it is good. The token itself is not printed.",
  ],
  async run({ operands: [file = ""] }, { now }) {
    const text = await readToken(file);
    const tokens = inspectToken(text, new Date(now()));
    return { json: { file, tokens }, lines: tokens.flatMap(linesOf) };
  },
});

function linesOf({ kid, claims, state }: InspectedToken, index: number): string[] {
  const fields = [
    ["issuer", claims.iss],
    ["for", claims.aud],
    ["holder", claims.sub],
    ["scope", claims.scope],
    ["valid", `${timeOf(claims.nbf)} to ${timeOf(claims.exp)} (${state})`],
    ["uses", claims.once ? "one call" : "any number of calls"],
    ["jti", claims.jti],
    ["bound to", claims.cnf.jkt],
    ["signed by", kid],
  ] as const;
  const head = index === 0 ? "token" : `delegated token ${index}`;
  return [head, ...fields.map(([name, value]) => `  ${name.padEnd(9)} ${value}`)];
}

function timeOf(seconds: number): string {
  return formatTime(new Date(seconds * 1_000));
}
