import { UsageError } from "../errors.js";

/**
 * `checked`: what a call says of its age is checked; one that says nothing is taken, as other gRPC stacks say nothing.
 * `required`: each call has to say it. For servers whose peers are all pinwire.
 */
export type FreshnessOption = "checked" | "required";

/** @throws UsageError ERR_INVALID_OPTION */
export function checkFreshness(option: FreshnessOption = "checked"): FreshnessOption {
  if (option === "checked" || option === "required") return option;
  throw new UsageError(
    "ERR_INVALID_OPTION",
    `freshness must be "checked" or "required", not ${JSON.stringify(option)}`,
  );
}
