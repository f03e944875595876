import type { ServerAudit } from "../audit/server-audit.js";
import type { CredentialState } from "../credentials/credential-state.js";
import { MtlsCredentials } from "../credentials/mtls-credentials.js";
import { CertificateAlarm } from "../interceptors/certificate-alarm.js";
import {
  logAccusation,
  logConnection,
  logCredentialsRefused,
  logPolicyChanged,
  logPolicyRefused,
  logRefusal,
  logViolation,
  refusedRequestLog,
} from "../interceptors/connection-log.js";
import type { Logger } from "../interceptors/logger.js";
import type { PolicyEvents } from "../interceptors/policy-events.js";
import type { RefusalCounts } from "../interceptors/refusal-counts.js";
import type { ServerObservers } from "../interceptors/server-observer.js";
import type { ProtocolViolation } from "../rpc/direct/violation.js";
import type { RequestFault } from "../rpc/h2/strict-requests.js";
import type { Source } from "../source.js";
import type { SecureConnection } from "../transport/secure-connection.js";
import type { ConnectionRefusal } from "../transport/secure-listener.js";

export interface ReportsOptions {
  readonly audit: ServerAudit | undefined;
  readonly credentials: Source<CredentialState>;
  readonly logger: Logger;
  readonly observers: ServerObservers;
  readonly policyEvents: PolicyEvents;
  readonly refusals: RefusalCounts;
}

/** Who is told of what happens outside calls: the log, the audit log, those who watch. Of calls, the telemetry tells. */
export class Reports implements Disposable {
  readonly #options: ReportsOptions;
  readonly #logRefusedRequest: ReturnType<typeof refusedRequestLog>;
  readonly #subscriptions: Disposable[];

  constructor(options: ReportsOptions) {
    const { credentials, logger, policyEvents } = options;
    this.#options = options;
    this.#logRefusedRequest = refusedRequestLog(logger);
    this.#subscriptions = [
      policyEvents.onRefused((error) => logPolicyRefused(logger, error)),
      policyEvents.onChange((change) => logPolicyChanged(logger, change)),
    ];
    this.#subscriptions.push(new CertificateAlarm(credentials, logger, "server"));
    if (!(credentials instanceof MtlsCredentials)) return;
    this.#subscriptions.push(credentials.onRefused((error) => logCredentialsRefused(logger, error)));
  }

  handshakeBegan(): void {
    this.#options.observers.handshakeBegan();
  }

  connectionOpened(connection: SecureConnection): void {
    logConnection(this.#options.logger, "server", connection);
    this.#options.observers.connectionOpened(connection);
  }

  connectionClosed(connection: SecureConnection): void {
    this.#options.observers.connectionClosed(connection);
  }

  connectionRefused(refusal: ConnectionRefusal): void {
    const { audit, logger, observers } = this.#options;
    logRefusal(logger, refusal);
    audit?.refusedConnection(refusal);
    observers.connectionRefused(refusal);
  }

  violation(connection: SecureConnection, { violation, message }: ProtocolViolation): void {
    const { audit, logger, observers } = this.#options;
    logViolation(logger, connection, violation, message);
    audit?.violation(connection, violation);
    observers.violation(connection, violation);
  }

  accused(connection: SecureConnection, violation: string, words: string): void {
    logAccusation(this.#options.logger, connection, violation, words);
  }

  requestRefused(connection: SecureConnection, { code, what }: RequestFault): void {
    const { audit, observers, refusals } = this.#options;
    refusals.count(code);
    audit?.violation(connection, what, code);
    observers.requestRefused(connection, code);
    this.#logRefusedRequest(connection, code, what);
  }

  [Symbol.dispose](): void {
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
  }
}
