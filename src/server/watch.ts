import type { Anomaly } from "../interceptors/anomaly.js";
import { AnomalyDetector } from "../interceptors/anomaly-detector.js";
import type { Logger } from "../interceptors/logger.js";
import type { ServerMetrics } from "../interceptors/open-telemetry/server-metrics.js";
import { Quarantine, type QuarantineOptions } from "../interceptors/quarantine.js";
import { ServerObservers } from "../interceptors/server-observer.js";
import { StatsObserver } from "../interceptors/server-stats.js";
import { contain } from "../rpc/contain.js";
import type { TokenStage } from "./token-stage.js";

export interface WatchOptions {
  readonly onAnomaly?: ((anomaly: Anomaly) => void) | undefined;
  readonly quarantine?: QuarantineOptions | undefined;
}

/** Who watches a server, and what may follow from what they see. */
export function watch(options: WatchOptions, logger: Logger, metrics: ServerMetrics | undefined, tokens?: TokenStage) {
  const stats = new StatsObserver();
  tokens?.tell((code) => {
    stats.tokenJudged(code);
    metrics?.tokenJudged(code);
  });
  const quarantine = options.quarantine && new Quarantine(options.quarantine);
  const detector = new AnomalyDetector((anomaly, isOwn) => {
    const lockedOut = isOwn && quarantine?.add(anomaly) === true;
    stats.anomaly(anomaly.kind);
    logger.warn({ event: "anomaly", ...anomaly }, "anomaly");
    // A listener that fails is its own problem.
    contain(
      () => options.onAnomaly?.(anomaly),
      () => {},
    );
    metrics?.anomaly(anomaly.kind);
    return lockedOut;
  });
  return {
    observers: new ServerObservers(metrics === undefined ? [stats, detector] : [stats, detector, metrics]),
    quarantine,
    stats,
  };
}
