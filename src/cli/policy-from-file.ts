import { readForeignFile } from "../files/private-file.js";
import { parsePolicyDocument } from "../interceptors/policy-document.js";
import { Policy } from "../interceptors/policy-engine.js";

const maxBytes = 8 * 1024 * 1024;

/** A policy file as text; who owns it is the server's business. @throws ConfigError ERR_FILE_… */
export async function readText(path: string): Promise<string> {
  return new TextDecoder().decode(await readForeignFile(path, { maxBytes }));
}

/** The policy that a file alone makes, without rules in code and roles of schemas. @throws ConfigError ERR_POLICY_INVALID */
export async function policyFromFile(path: string): Promise<Policy> {
  return new Policy(parsePolicyDocument(await readText(path), path).rules);
}
