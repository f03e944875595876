import { dirname, resolve } from "node:path";
import type { DescService } from "@bufbuild/protobuf";
import { ConfigError } from "../errors.js";
import { LiveReading } from "../files/live-reading.js";
import type { SpiffeId } from "../identity/spiffe-id.js";
import { codeRules } from "./policy-code.js";
import { type PolicyDocument, parsePolicyDocument } from "./policy-document.js";
import { Policy } from "./policy-engine.js";
import type { PolicyEvents } from "./policy-events.js";
import { readPolicyText } from "./policy-file.js";
import { nothingAllowed, type PolicyOptions } from "./policy-options.js";
import { roleGuards } from "./policy-roles.js";
import type { RoleGuard, RuleParts } from "./policy-rule.js";

/**
 * The policy in force. It is replaced whole: a call is decided by the old one or by the new one, and what was remembered of
 * the old one goes with it.
 */
export class LivePolicy implements AsyncDisposable {
  readonly #code: readonly RuleParts[];
  readonly #guards: ReadonlyMap<string, RoleGuard>;
  readonly #path: string | undefined;
  readonly #events: PolicyEvents | undefined;
  readonly #reading: LiveReading | undefined;
  #text: string | undefined;
  #policy: Policy;

  /**
   * Reads all there is. Without `events` a policy file is read once and not watched.
   *
   * @throws UsageError ERR_NO_POLICY; ConfigError ERR_POLICY_INVALID, ERR_ROLE_UNDEFINED, ERR_ROLE_UNUSED, ERR_SCHEMA_POLICY,
   * ERR_INVALID_SPIFFE_ID, ERR_FILE_…
   */
  static async open(
    { policy = [], roles, policyFile }: PolicyOptions,
    services: Iterable<DescService>,
    events?: PolicyEvents,
  ): Promise<LivePolicy> {
    const guards = roleGuards(services, roles);
    const path = policyFile === undefined ? undefined : resolve(policyFile);
    const text = path === undefined ? undefined : await readPolicyText(path);
    return new LivePolicy({ code: codeRules(policy), guards, path, text, events });
  }

  private constructor({ code, guards, path, text, events }: Parts) {
    this.#code = code;
    this.#guards = guards;
    this.#path = path;
    this.#text = text;
    this.#events = events;
    this.#policy = this.#compile(this.#parse(text));
    if (path === undefined || events === undefined) return;
    this.#reading = new LiveReading({ directory: dirname(path), watch: true, read: () => this.#read(path) });
    this.#reading.onRefused((error) => events.refused(error));
  }

  current(): Policy {
    return this.#policy;
  }

  /** Whether a call without headers is allowed now. */
  permits(peer: SpiffeId, path: string): boolean {
    return this.#policy.permits(peer, path);
  }

  /** Reads the file now. On an error the old policy stays in force. @throws as {@link LivePolicy.open} */
  async reload(): Promise<void> {
    await this.#reading?.reload();
  }

  /** Stops watching. The policy stays in force. */
  async close(): Promise<void> {
    await this.#reading?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #read(path: string): Promise<void> {
    const text = await readPolicyText(path);
    if (text === this.#text) return;
    const document = this.#parse(text);
    this.#policy = this.#compile(document);
    this.#text = text;
    if (document !== undefined) {
      this.#events?.changed({ file: path, name: document.name, rules: document.rules.length });
    }
  }

  #parse(text: string | undefined): PolicyDocument | undefined {
    return text === undefined ? undefined : parsePolicyDocument(text, this.#path ?? "");
  }

  #compile(document: PolicyDocument | undefined): Policy {
    const policy = new Policy([...this.#code, ...(document?.rules ?? [])], this.#guards);
    if (policy.allowsSomething) return policy;
    if (document === undefined) throw nothingAllowed();
    throw new ConfigError(
      "ERR_POLICY_INVALID",
      `${this.#path}: allow_rules is empty, and neither code nor roles allow anything`,
      "add a rule to allow_rules; to close everything for a while, add a deny rule without source and request",
    );
  }
}

interface Parts {
  readonly code: readonly RuleParts[];
  readonly guards: ReadonlyMap<string, RoleGuard>;
  readonly path: string | undefined;
  readonly text: string | undefined;
  readonly events: PolicyEvents | undefined;
}
