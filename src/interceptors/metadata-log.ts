import { UsageError } from "../errors.js";
import type { Metadata } from "../rpc/metadata.js";

/** What carries secrets as a matter of course is never logged, whoever lists it. */
const never = /^(.*(authorization|cookie|token|secret|passw|credential|session|jwt|key).*|.*-bin)$/;

const mostCharacters = 128;

/** The keys whose values a record may show. @throws UsageError ERR_INVALID_OPTION */
export function checkLogMetadata(keys: readonly string[] | undefined): readonly string[] {
  for (const key of keys ?? []) {
    if (typeof key === "string" && /^[0-9a-z_.-]+$/.test(key) && !never.test(key)) continue;
    throw new UsageError(
      "ERR_INVALID_OPTION",
      `logMetadata cannot show ${JSON.stringify(key)}: it takes lower-case keys of text that hold no secret`,
    );
  }
  return keys ?? [];
}

/** The listed values that a call carries, cut; undefined when there are none. */
export function loggedMetadata(metadata: Metadata, keys: readonly string[]): Record<string, string> | undefined {
  let shown: Record<string, string> | undefined;
  for (const key of keys) {
    const value = metadata.get(key);
    if (typeof value !== "string") continue;
    shown ??= {};
    shown[key] = value.slice(0, mostCharacters);
  }
  return shown;
}
