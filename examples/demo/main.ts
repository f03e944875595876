// The main job of pinwire, start to end, in real processes: certificates, a server, a client, four intruders.
// Exits with 1 if anything is not as promised.
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Intruder, intrude } from "./intruder.js";
import { type Finished, runTool, ServerProcess } from "./processes.js";
import { Report } from "./report.js";

const trustDomain = "local.test";
const ids = { server: id("greeter"), client: id("cli"), stranger: id("stranger"), guest: id("guest") };

const report = new Report();
const dir = mkdtempSync(join(tmpdir(), "pinwire-demo-"));
const at = (name: string) => join(dir, name);
const target = `unix:${at("run/greeter.sock")}`;

try {
  await makeCertificates();
  await using server = await ServerProcess.start([
    "--credentials",
    at("greeter"),
    "--listen",
    target,
    "--allow",
    ids.client,
  ]);
  report.section("A server and a client, each its own process");
  report.line(`the server answers at ${target}, to ${ids.client} only`);
  await callAllKinds();
  await meetIntruders(server);
  report.section("The end");
  report.check("the server drains and exits with 0 on SIGTERM", (await server.stop()) === 0);
} catch (error) {
  report.check(`nothing unexpected happened (${error instanceof Error ? error.message : String(error)})`, false);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
process.exitCode = report.summary() ? 0 : 1;

function id(name: string): string {
  return `spiffe://${trustDomain}/${name}`;
}

async function makeCertificates(): Promise<void> {
  report.section("Certificates");
  await tool("a CA for this machine", "init", "--ca", at("ca"), "--trust-domain", trustDomain);
  await tool(
    `an identity for the server, ${ids.server}`,
    "issue",
    ids.server,
    "--ca",
    at("ca"),
    "--out",
    at("greeter"),
  );
  await tool(`an identity for the client, ${ids.client}`, "issue", ids.client, "--ca", at("ca"), "--out", at("cli"));
  await tool("each pins the other's public key", "pin", at("greeter"), at("cli"));
  await tool(
    `a guest, ${ids.guest}, whom the server will know but allow nothing`,
    "issue",
    ids.guest,
    "--ca",
    at("ca"),
    "--out",
    at("guest"),
  );
  await tool("the server and the guest pin each other", "pin", at("greeter"), at("guest"));
}

async function callAllKinds(): Promise<void> {
  const kinds = { unary: 1, server: 3, client: 1, bidi: 3 };
  for (const [kind, responses] of Object.entries(kinds)) {
    const { status, stdout, stderr } = await client(at("cli"), "--kind", kind, "--name", "Ada", "--count", "3");
    const lines = stdout.trim().split("\n");
    const asPromised = status === 0 && lines.length === responses && lines.every((line) => line.includes("Ada"));
    report.check(`${kind.padEnd(6)} ${asPromised ? lines.at(-1) : stderr.trim()}`, asPromised);
  }
}

async function meetIntruders(server: ServerProcess): Promise<void> {
  report.section("Four intruders");
  await tool(
    "(elsewhere: another CA for the same trust domain)",
    "init",
    "--ca",
    at("other-ca"),
    "--trust-domain",
    trustDomain,
  );
  await tool("(its forgery of the client)", "issue", ids.client, "--ca", at("other-ca"), "--out", at("forged"));
  await refusedOnConnect(server, "without a certificate", "ERR_NO_CERTIFICATE", {});
  await refusedOnConnect(server, "with a certificate of another CA", "ERR_UNKNOWN_ISSUER", {
    credentials: at("forged"),
  });

  // Pins are no secret: the stranger knows whom to expect, the server has never heard of the stranger.
  await tool("(our CA certifies a stranger, too)", "issue", ids.stranger, "--ca", at("ca"), "--out", at("stranger"));
  copyFileSync(join(at("cli"), "pins.json"), join(at("stranger"), "pins.json"));
  await refusedOnCall(server, "of the right CA, but not pinned", "ERR_NOT_PINNED", at("stranger"));
  await refusedOnCall(server, "pinned, but not allowed", "ERR_POLICY", at("guest"));
}

async function refusedOnConnect(server: ServerProcess, who: string, code: string, intruder: Intruder): Promise<void> {
  const heard = await intrude(at("run/greeter.sock"), intruder);
  await checkRefusal(server, who, code, heard);
}

async function refusedOnCall(server: ServerProcess, who: string, code: string, credentials: string): Promise<void> {
  const { status, stderr } = await client(credentials);
  // Beside its sentence the client writes a record of its own log.
  const sentence = stderr.split("\n").find((line) => line !== "" && !line.startsWith("{"));
  await checkRefusal(server, who, code, status === 1 ? (sentence ?? "") : "");
}

/** What an intruder hears is the same sentence for every reason; the reference in it leads to the reason in the log. */
async function checkRefusal(server: ServerProcess, who: string, code: string, heard: string): Promise<void> {
  const reference = /\b[0-9a-f]{12}\b/.exec(heard)?.[0];
  const record = reference === undefined ? undefined : await server.logged(reference);
  report.check(`${who}: refused, ${record?.code ?? "but nothing is in the log"}`, record?.code === code);
  report.line(`it hears   ${heard || "nothing"}`);
  report.line(`our log    ${JSON.stringify(record?.reason ?? record?.status ?? null)}`);
}

async function tool(what: string, ...args: string[]): Promise<void> {
  const { status, stderr } = await runTool("certs-tool/main.js", args);
  if (status !== 0) throw new Error(`certs-tool ${args[0]}: ${stderr.trim()}`);
  report.line(what);
}

function client(credentials: string, ...args: string[]): Promise<Finished> {
  return runTool("examples/greeter/client.js", [
    "--credentials",
    credentials,
    "--target",
    target,
    "--peer",
    ids.server,
    ...args,
  ]);
}
