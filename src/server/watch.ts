import { types } from "node:util";
import type { Anomaly } from "../interceptors/anomaly.js";
import { AnomalyDetector } from "../interceptors/anomaly-detector.js";
import type { Logger } from "../interceptors/logger.js";
import type { ServerMetrics } from "../interceptors/open-telemetry/server-metrics.js";
import { Quarantine, type QuarantineOptions } from "../interceptors/quarantine.js";
import { ServerObservers } from "../interceptors/server-observer.js";
import { StatsObserver } from "../interceptors/server-stats.js";

export interface WatchOptions {
  readonly onAnomaly?: ((anomaly: Anomaly) => void) | undefined;
  readonly quarantine?: QuarantineOptions | undefined;
}

/** Who watches a server, and what may follow from what they see. */
export function watch(options: WatchOptions, logger: Logger, metrics: ServerMetrics | undefined) {
  const stats = new StatsObserver();
  const quarantine = options.quarantine && new Quarantine(options.quarantine);
  const detector = new AnomalyDetector((anomaly, isOwn) => {
    const lockedOut = isOwn && quarantine?.add(anomaly) === true;
    stats.anomaly(anomaly.kind);
    logger.warn({ event: "anomaly", ...anomaly }, "anomaly");
    tell(options.onAnomaly, anomaly);
    metrics?.anomaly(anomaly.kind);
    return lockedOut;
  });
  return {
    observers: new ServerObservers(metrics === undefined ? [stats, detector] : [stats, detector, metrics]),
    quarantine,
    stats,
  };
}

/** A listener that throws, or whose promise rejects, is its own problem. */
function tell(listener: ((anomaly: Anomaly) => void) | undefined, anomaly: Anomaly): void {
  try {
    const result: unknown = listener?.(anomaly);
    if (types.isPromise(result)) result.catch(() => {});
  } catch {
    // See above.
  }
}
