import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { SpiffeId } from "../identity/spiffe-id.js";
import { explainPolicy, type PolicyExplanation } from "../interceptors/policy-explanation.js";
import { LivePolicy } from "../interceptors/policy-live.js";
import type { PolicyOptions } from "../interceptors/policy-options.js";
import { Metadata } from "../rpc/metadata.js";
import { methodPath } from "../rpc/method-path.js";

export interface PolicyQuery {
  readonly peer: string | SpiffeId;
  readonly method: string | DescMethod;
  readonly headers: Readonly<Record<string, string>>;
}

/** Asks the policy in force, or, where there is none yet, the one that there would be. */
export async function explain(
  { peer, method, headers }: PolicyQuery,
  inForce: LivePolicy | undefined,
  options: PolicyOptions,
  services: Iterable<DescService>,
): Promise<PolicyExplanation> {
  const policy = inForce ?? (await LivePolicy.open(options, services));
  const id = peer instanceof SpiffeId ? peer : SpiffeId.parse(peer);
  const path = typeof method === "string" ? method : methodPath(method);
  return explainPolicy(policy.current(), id, path, Metadata.from(headers));
}
