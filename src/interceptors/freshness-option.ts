import { UsageError } from "../errors.js";

/**
 * `checked`: what a call says of its age is checked; one that says nothing is taken, as other gRPC stacks say nothing. One that
 * was long on its way on the direct transport has so much less of its time.
 * `required`: each call has to say it, and to be fresh. For servers whose peers are all pinwire.
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
