import type { Anomaly } from "../interceptors/anomaly.js";
import { AnomalyDetector } from "../interceptors/anomaly-detector.js";
import type { Logger } from "../interceptors/logger.js";
import type { ServerMetrics } from "../interceptors/open-telemetry/server-metrics.js";
import { Quarantine, type QuarantineOptions } from "../interceptors/quarantine.js";
import { ServerObservers } from "../interceptors/server-observer.js";
import { StatsObserver } from "../interceptors/server-stats.js";

export interface WatchOptions {
  readonly onAnomaly?: (anomaly: Anomaly) => void;
  readonly quarantine?: QuarantineOptions;
}

/** Who watches a server, and what may follow from what they see. */
export function watch(options: WatchOptions, logger: Logger, metrics: ServerMetrics | undefined) {
  const stats = new StatsObserver();
  const quarantine = options.quarantine && new Quarantine(options.quarantine);
  const detector = new AnomalyDetector((anomaly) => {
    logger.warn({ event: "anomaly", ...anomaly }, "anomaly");
    stats.anomaly(anomaly.kind);
    quarantine?.add(anomaly);
    tell(options.onAnomaly, anomaly);
    metrics?.anomaly(anomaly.kind);
  });
  return {
    observers: new ServerObservers(metrics === undefined ? [stats, detector] : [stats, detector, metrics]),
    quarantine,
    stats,
  };
}

/** A listener that throws, or whose promise rejects, is its own problem. */
function tell(listener: ((anomaly: Anomaly) => void) | undefined, anomaly: Anomaly): void {
  const result: unknown = listener?.(anomaly);
  if (result instanceof Promise) result.catch(() => {});
}
