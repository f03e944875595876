import { CommandLineError } from "../../command-line/arguments.js";
import { noOperands } from "../../command-line/command-spec.js";
import { SpiffeId } from "../../identity/spiffe-id.js";
import { explainPolicy, type PolicyExplanation } from "../../interceptors/policy-explanation.js";
import { describeRule } from "../../interceptors/policy-rule.js";
import { Metadata } from "../../rpc/metadata.js";
import { Status } from "../../status.js";
import { defineCommand } from "../command.js";
import { exitCode } from "../exit-code.js";
import { policyFromFile } from "../policy-from-file.js";

export const policyExplainCommand = defineCommand({
  name: "policy explain",
  summary: "say which rule of a policy file decides a call",
  usage: "--policy FILE --peer SPIFFE_ID --method /package.Service/Method [--header KEY=VALUE]",
  examples: [
    [
      "may the command line tool say hello?",
      "pinwire policy explain --policy policy.json --peer spiffe://local.test/cli --method /hello.v1.GreeterService/SayHello",
    ],
    ["the same with a header", "pinwire policy explain … --header x-tenant=acme"],
  ],
  operands: noOperands,
  options: {
    policy: { kind: "required", value: "FILE", help: "the policy, in gRPC's JSON (gRFC A43)" },
    peer: { kind: "required", value: "SPIFFE_ID", help: "who calls" },
    method: { kind: "required", value: "PATH", help: "what is called: /package.Service/Method" },
    header: { kind: "list", value: "KEY=VALUE", help: "metadata of the call; may be given several times" },
  },
  notes: [
    "It knows the file alone. Rules in code and roles of schemas are known to the server: server.explain(peer, method).",
    "Exit code 0: allowed. 7 (PERMISSION_DENIED): denied.",
  ],
  async run({ options }, { output }) {
    const headers = readHeaders(options.header);
    const peer = SpiffeId.parse(options.peer);
    const policy = await policyFromFile(options.policy);
    // As the other commands take it, too.
    const method = options.method.startsWith("/") ? options.method : `/${options.method}`;
    const explanation = explainPolicy(policy, peer, method, headers);
    output.result(explanation, linesOf(explanation));
    return explanation.allowed ? exitCode.ok : Status.PERMISSION_DENIED;
  },
});

function readHeaders(words: readonly string[]): Metadata {
  const headers = new Metadata();
  for (const word of words) {
    const at = word.indexOf("=");
    if (at < 1) throw new CommandLineError(`--header ${word} has no "="`, "write --header key=value");
    headers.append(word.slice(0, at), word.slice(at + 1));
  }
  return headers;
}

function linesOf({ allowed, because, peer, method, reason, shadow }: PolicyExplanation): string[] {
  const lines = [`${allowed ? "allowed" : "denied "}  ${peer}  ${method}`, `because  ${reason}`];
  if (because === "no_rule")
    lines.push("note     the file alone was asked; rules in code and roles of schemas may allow it");
  if (shadow === undefined) return lines;
  return [...lines, `shadow   would be ${shadow.allowed ? "allowed" : "denied"} by ${describeRule(shadow.rule)}`];
}
