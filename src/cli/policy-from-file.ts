import { readForeignFile } from "../files/private-file.js";
import { parsePolicyDocument } from "../interceptors/policy-document.js";
import { Policy } from "../interceptors/policy-engine.js";
import { maxPolicyBytes } from "../interceptors/policy-file.js";

/** A policy file as text; who owns it is the server's business. @throws ConfigError ERR_FILE_… */
export async function readText(path: string): Promise<string> {
  return new TextDecoder().decode(await readForeignFile(path, { maxBytes: maxPolicyBytes }));
}

/** The policy that a file alone makes, without rules in code and roles of schemas. @throws ConfigError ERR_POLICY_INVALID */
export async function policyFromFile(path: string): Promise<Policy> {
  return new Policy(parsePolicyDocument(await readText(path), path).rules);
}
