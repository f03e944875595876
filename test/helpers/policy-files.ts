import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PolicyChange } from "../../src/interceptors/policy-events.js";
import type { Server } from "../../src/server/server.js";
import { tempDirectory } from "./temp-directory.js";

/** A policy file in a directory of its own. */
export class PolicyFiles {
  readonly path = join(tempDirectory(), "policy.json");

  constructor(policy: object | string) {
    this.write(policy);
  }

  /** Replaces it as an operator should: by renaming a complete file over it. */
  write(policy: object | string): void {
    const text = typeof policy === "string" ? policy : JSON.stringify(policy, undefined, 2);
    writeFileSync(`${this.path}.new`, text, { mode: 0o644 });
    renameSync(`${this.path}.new`, this.path);
  }
}

/** A policy that allows a peer these paths. */
export function allowing(peer: string, ...paths: readonly string[]): object {
  return { name: "test", allow_rules: [{ name: "r", source: { principals: [peer] }, request: { paths } }] };
}

export function nextChange(server: Server): Promise<PolicyChange> {
  return new Promise((resolve) => {
    const subscription = server.onPolicyChange((change) => {
      subscription[Symbol.dispose]();
      resolve(change);
    });
  });
}

export function nextRefusal(server: Server): Promise<Error> {
  return new Promise((resolve) => {
    const subscription = server.onPolicyRefused((error) => {
      subscription[Symbol.dispose]();
      resolve(error);
    });
  });
}
