import { ConfigError } from "../errors.js";
import type { OpenTelemetryProviders } from "./open-telemetry-option.js";

/** What speaks to OpenTelemetry; loaded only for those who ask for it. */
export type OpenTelemetry = import("./open-telemetry/open-telemetry.js").OpenTelemetry;

/** @throws ConfigError ERR_OPENTELEMETRY_MISSING */
export async function loadOpenTelemetry(option: true | OpenTelemetryProviders): Promise<OpenTelemetry> {
  await assertInstalled();
  const { OpenTelemetry } = await import("./open-telemetry/open-telemetry.js");
  return new OpenTelemetry(option);
}

async function assertInstalled(): Promise<void> {
  try {
    await import("@opentelemetry/api");
  } catch (cause) {
    throw new ConfigError(
      "ERR_OPENTELEMETRY_MISSING",
      "the option openTelemetry is set, and @opentelemetry/api cannot be loaded",
      "npm install @opentelemetry/api",
      { cause },
    );
  }
}
