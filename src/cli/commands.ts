import type { Command } from "./command.js";

/** A command in the list. Its code is loaded when it runs: one must not pay for what another needs. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

/** Every command, in the order of the help. */
export const commands: readonly CommandEntry[] = [
  entry("new", "write a complete project", async () => (await import("./commands/new.js")).newCommand),
  entry("call", "call a method, with JSON in and out", async () => (await import("./commands/call.js")).callCommand),
  entry("list", "list services, or the methods of one", async () => (await import("./commands/list.js")).listCommand),
  entry("describe", "show what the schema says of a service, method or message", async () => {
    return (await import("./commands/describe.js")).describeCommand;
  }),
  entry("scaffold", "write the handlers of services, still to be filled", async () => {
    return (await import("./commands/scaffold.js")).scaffoldCommand;
  }),
  entry("health", "ask whether a server serves", async () => (await import("./commands/health.js")).healthCommand),
  entry("policy explain", "say which rule of a policy file decides a call", async () => {
    return (await import("./commands/policy-explain.js")).policyExplainCommand;
  }),
  entry("policy test", "check a policy file against what it is expected to decide", async () => {
    return (await import("./commands/policy-test.js")).policyTestCommand;
  }),
  entry("top", "show live what a server does", async () => (await import("./commands/top.js")).topCommand),
  entry("audit verify", "prove that nobody changed an audit log", async () => {
    return (await import("./commands/audit/verify.js")).auditVerifyCommand;
  }),
  entry("audit tail", "show the newest records of an audit log", async () => {
    return (await import("./commands/audit/tail.js")).auditTailCommand;
  }),
  entry("audit show", "show the records of an audit log that fit", async () => {
    return (await import("./commands/audit/show.js")).auditShowCommand;
  }),
  entry("audit export", "write an audit log in a form for other programs", async () => {
    return (await import("./commands/audit/export.js")).auditExportCommand;
  }),
  entry("explain", "what an error code means, and what to do about it", async () => {
    return (await import("./commands/explain.js")).explainCommand;
  }),
];

function entry(name: string, summary: string, load: CommandEntry["load"]): CommandEntry {
  return { name, summary, load };
}
