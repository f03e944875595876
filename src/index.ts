// For applications.

export type { AuditLevel } from "./audit/server-audit.js";
export type { CallPolicyOptions } from "./client/call-policy.js";
export { type Channel, type ChannelOptions, createChannel } from "./client/channel.js";
export { type Client, type ClientOptions, createClient } from "./client/client.js";
export type { ClientMethods, MethodCall, Requests } from "./client/client-methods.js";
export { parseServiceConfig } from "./client/parse-service-config.js";
export type {
  HedgingPolicy,
  MethodConfig,
  MethodName,
  MethodTimes,
  RetryableStatus,
  RetryPolicy,
  ServiceConfig,
} from "./client/service-config.js";
export type { MtlsCredentials } from "./credentials/mtls-credentials.js";
export type { ErrorDetail } from "./error-detail.js";
export {
  type CodedError,
  ConfigError,
  type ErrorCode,
  isCodedError,
  type NoRetryReason,
  PeerError,
  type PeerFacts,
  RpcError,
  type RpcErrorOptions,
  UsageError,
} from "./errors.js";
export type { Anomaly, AnomalyKind } from "./interceptors/anomaly.js";
export type { LimitOptions, MethodLimitOptions, RateOption } from "./interceptors/call-limits.js";
export type { ChannelStats, ClientMethodStats, ConnectionState } from "./interceptors/channel-stats.js";
export type { CircuitBreakerOptions, CircuitState } from "./interceptors/circuit-breaker.js";
export type { FreshnessOption } from "./interceptors/freshness-option.js";
export type { Logger } from "./interceptors/logger.js";
export type { MethodStats } from "./interceptors/method-figures.js";
export { createMetricProducer, type MetricProducer } from "./interceptors/metrics/metric-producer.js";
export type {
  AnyMeterProvider,
  AnyTracerProvider,
  OpenTelemetryOption,
  OpenTelemetryProviders,
} from "./interceptors/open-telemetry-option.js";
export type { LogPayloads } from "./interceptors/payload-log-option.js";
export { allow, deny, type PolicyRule, type PolicyTarget, shadow } from "./interceptors/policy.js";
export type { Verdict } from "./interceptors/policy-engine.js";
export type { PolicyChange } from "./interceptors/policy-events.js";
export type { PolicyExplanation } from "./interceptors/policy-explanation.js";
export type { PolicyOptions, SomePolicy } from "./interceptors/policy-options.js";
export type { Roles } from "./interceptors/policy-roles.js";
export type { DecidingRule } from "./interceptors/policy-rule.js";
export type { QuarantineOptions } from "./interceptors/quarantine.js";
export type { PeerStats, ServerStats } from "./interceptors/server-stats.js";
export { type LoadOptions, loadCredentials } from "./load-credentials.js";
export type { RetryThrottling } from "./rpc/attempts/retry-throttle.js";
export type { CallContext, HandlerContext } from "./rpc/call-context.js";
export type { CallOptions } from "./rpc/call-options.js";
export type { MethodContracts } from "./rpc/generated-contracts.js";
export type { Awaitable, Implementation, MethodHandler } from "./rpc/implementation.js";
export { type BinaryKey, Metadata, type MetadataValue } from "./rpc/metadata.js";
export type { MethodContract } from "./rpc/method-contract.js";
export type { Health, ServingStatus } from "./server/health.js";
export type { ServiceOptions } from "./server/registered-services.js";
export { createServer, type Server } from "./server/server.js";
export type { ServerOptions, ServerSettings } from "./server/server-options.js";
export { Status, type StatusName, statusName } from "./status.js";
export type { TokenOptions } from "./tokens/token-options.js";
export {
  type HeldToken,
  type TokenSource,
  type TokenSourceOptions,
  tokenFile,
  tokenSource,
} from "./tokens/token-source.js";
export type { TransportName } from "./transport/protocols.js";

// For extension authors. What works on certificates is in "pinwire/identity", the local CA in "pinwire/ca".

export { type ClientTarget, generatedClient } from "./client/generated-client.js";
export type { CredentialState } from "./credentials/credential-state.js";
export { SpiffeId } from "./identity/spiffe-id.js";
export { TrustDomain } from "./identity/trust-domain.js";
export type { PeerIdentity } from "./identity/verify-peer.js";
export { type ContextKey, ContextValues, contextKey } from "./rpc/context-values.js";
export type { Interceptor } from "./rpc/interceptor.js";
export { constantSource, MutableSource, type Source } from "./source.js";
export type { Address, PipeAddress, UnixAddress } from "./transport/address.js";
