import type { AuditLog } from "../audit/audit-log.js";
import type { CredentialState } from "../credentials/credential-state.js";
import { loadOpenTelemetry } from "../interceptors/load-open-telemetry.js";
import type { ServerMetrics } from "../interceptors/open-telemetry/server-metrics.js";
import type { OpenTelemetryProviders } from "../interceptors/open-telemetry-option.js";
import type { RefusalCounts } from "../interceptors/refusal-counts.js";
import type { ServerStage } from "../rpc/server-method.js";
import type { Source } from "../source.js";

export interface OpenTelemetryStageOptions {
  readonly openTelemetry: true | OpenTelemetryProviders | undefined;
  readonly credentials: Source<CredentialState>;
  readonly audit: AuditLog | undefined;
  readonly refusals: RefusalCounts;
}

/** What a server does for OpenTelemetry. One without the option never loads its API. */
export interface OpenTelemetryStage extends Disposable {
  readonly metrics: ServerMetrics | undefined;
  /** Outermost of all. */
  readonly stages: readonly ServerStage[];
}

/** @throws ConfigError ERR_OPENTELEMETRY_MISSING */
export async function startOpenTelemetry(options: OpenTelemetryStageOptions): Promise<OpenTelemetryStage> {
  const { openTelemetry, credentials, audit, refusals } = options;
  if (openTelemetry === undefined) return { metrics: undefined, stages: [], [Symbol.dispose]() {} };
  const telemetry = await loadOpenTelemetry(openTelemetry);
  const identity = credentials.current().svid.id.toString();
  const metrics = telemetry.serverMetrics(identity);
  if (metrics !== undefined) {
    refusals.tell((code) => metrics.callRefused(code));
  }
  const values = telemetry.values({ "pinwire.identity": identity });
  values?.secondsUntil(() => credentials.current().svid.notAfter);
  if (audit !== undefined) {
    const log = "pinwire.audit";
    values?.gauge(`${log}.failing`, "1", "1 while the audit log cannot be written", () => Number(audit.failing));
    const unit = "{record}";
    const records = { name: `${log}.records`, unit, description: "Records written to the audit log" };
    values?.count(records, audit, ({ written }) => written);
    const lostRecords = { name: `${log}.lost`, unit, description: "Records that could not be written" };
    values?.count(lostRecords, audit, ({ lost }) => lost);
  }
  return {
    metrics,
    stages: telemetry.serverStages(),
    [Symbol.dispose]: () => {
      refusals.tell(undefined);
      values?.[Symbol.dispose]();
    },
  };
}
