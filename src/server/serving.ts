import type { Duplex } from "node:stream";
import type { DescService } from "@bufbuild/protobuf";
import { assertRecorded } from "../audit/assert-recorded.js";
import type { AuditLog } from "../audit/audit-log.js";
import { type AuditLevel, ServerAudit } from "../audit/server-audit.js";
import type { CredentialState } from "../credentials/credential-state.js";
import { MtlsCredentials } from "../credentials/mtls-credentials.js";
import { defaults } from "../defaults.js";
import { RpcError } from "../errors.js";
import { SchemaService } from "../gen/pinwire/direct/v1/schema_pb.js";
import type { SpiffeId } from "../identity/spiffe-id.js";
import { AbandonedCalls } from "../interceptors/abandoned-calls.js";
import { authentication } from "../interceptors/authentication.js";
import { authorization } from "../interceptors/authorization.js";
import type { CallLimits } from "../interceptors/call-limits.js";
import {
  logAccusation,
  logCredentialsRefused,
  logPolicyChanged,
  logPolicyRefused,
  logRefusal,
  logViolation,
  refusedRequestLog,
} from "../interceptors/connection-log.js";
import { deadline } from "../interceptors/deadline.js";
import type { FreshnessOption } from "../interceptors/freshness-option.js";
import type { LogPayloads } from "../interceptors/log-payloads.js";
import type { Logger } from "../interceptors/logger.js";
import { assertServed } from "../interceptors/method-limits.js";
import type { OpenTelemetryProviders } from "../interceptors/open-telemetry-option.js";
import { payloadLog } from "../interceptors/payload-log.js";
import type { PolicyEvents } from "../interceptors/policy-events.js";
import { LivePolicy } from "../interceptors/policy-live.js";
import type { PolicyOptions } from "../interceptors/policy-options.js";
import type { RefusalCounts } from "../interceptors/refusal-counts.js";
import type { ServerStats } from "../interceptors/server-stats.js";
import { strayLog } from "../interceptors/stray-log.js";
import { serverTelemetry } from "../interceptors/telemetry.js";
import { loadValidation } from "../interceptors/validation.js";
import type { StrayReporter } from "../rpc/call.js";
import type { HandlerContext } from "../rpc/call-context.js";
import { DirectServerTransport, type ServedMethod } from "../rpc/direct/direct-server-transport.js";
import { schemaFingerprint } from "../rpc/direct/schema-fingerprint.js";
import { adoptContracts, type MethodContracts } from "../rpc/generated-contracts.js";
import type { H2ServerOptions } from "../rpc/h2/h2-server-transport.js";
import { guarded, type Interceptor } from "../rpc/interceptor.js";
import { type MethodContract, methodContract } from "../rpc/method-contract.js";
import { methodPath } from "../rpc/method-path.js";
import { ServerCall } from "../rpc/server-call.js";
import {
  type AnyHandler,
  type ServerMethod,
  type ServerStage,
  serverMethod,
  unknownServerMethod,
} from "../rpc/server-method.js";
import { type ServerBound, timeLimits } from "../rpc/time-limits.js";
import type { ServerStream, ServerStreamListener, ServerTransport } from "../rpc/transport.js";
import type { Source } from "../source.js";
import { Status } from "../status.js";
import type { CheckedTokenOptions } from "../tokens/token-options.js";
import type { Address } from "../transport/address.js";
import { protocols, protocolsOf, type TransportName } from "../transport/protocols.js";
import { createSecureListener, type SecureListener } from "../transport/secure-listener.js";
import { withBuiltInServices } from "./built-in-services.js";
import type { Health } from "./health.js";
import { LimitStages } from "./limit-stages.js";
import { type OpenTelemetryStage, startOpenTelemetry } from "./open-telemetry-stage.js";
import { schemaService } from "./schema-service.js";
import type { ServerLimits } from "./server.js";
import { startTokenStage, type TokenStage } from "./token-stage.js";
import { type WatchOptions, watch } from "./watch.js";

/** An implementation whose functions were checked against its service. */
export type AnyImplementation = Readonly<Record<string, AnyHandler>>;

export interface ServingOptions {
  readonly credentials: Source<CredentialState>;
  /** Where the rules come from. */
  readonly rules: PolicyOptions;
  readonly policyEvents: PolicyEvents;
  readonly interceptors: readonly Interceptor<HandlerContext>[];
  readonly logger: Logger;
  readonly audit: AuditLog | undefined;
  readonly auditLevel: AuditLevel;
  readonly logPayloads: LogPayloads;
  readonly logMetadata: readonly string[];
  readonly watching: WatchOptions;
  readonly openTelemetry: true | OpenTelemetryProviders | undefined;
  readonly limits: ServerLimits;
  /** Whether `maxTimeoutMs` was set, and so holds whatever a schema says. */
  readonly maxTimeoutIsChosen: boolean;
  readonly callLimits: CallLimits;
  readonly tokens: CheckedTokenOptions | undefined;
  readonly freshness: FreshnessOption;
  readonly refusals: RefusalCounts;
  readonly services: ReadonlyMap<DescService, AnyImplementation>;
  readonly contracts: ReadonlyMap<DescService, MethodContracts>;
  readonly transports: readonly TransportName[];
  readonly health: Health;
  readonly reflection: boolean;
  readonly admin: boolean;
}

/** The options with what was loaded for them. */
interface LoadedOptions extends ServingOptions {
  readonly watched: ReturnType<typeof watch>;
  readonly telemetry: OpenTelemetryStage;
  readonly validations: Awaited<ReturnType<typeof loadValidation>>;
}

/** How long the last words to a peer may take when the server is closed. */
const flushTimeoutMs = 1_000;

/** The working half of a server: routes, the listener, the transports, the calls under way. */
export class Serving {
  /** In force now; it may be replaced at any time. */
  readonly policy: LivePolicy;
  readonly #options: LoadedOptions;
  readonly #routes: ReadonlyMap<string, ServerMethod>;
  readonly #unknown: ServerMethod;
  readonly #calls = new Set<ServerCall>();
  readonly #transports: ReadonlyMap<string, ServerTransport>;
  readonly #listener: SecureListener;
  readonly #limitStages: LimitStages;
  readonly #audit: ServerAudit | undefined;
  readonly #tokens: TokenStage;
  readonly #drainTimeoutMs: number;
  readonly #reports: Disposable[] = [];
  readonly #whenIdle = new Set<() => void>();
  /** Why calls end, once the server is closed. */
  #closing: RpcError | undefined;

  /** Loads what the transports need; a server that does not speak HTTP/2 never loads grpc-js. */
  static async start(options: ServingOptions): Promise<Serving> {
    const speaksH2 = options.transports.includes("h2");
    const h2 = speaksH2 ? await import("../rpc/h2/h2-server-transport.js") : undefined;
    for (const [service, contracts] of options.contracts) adoptContracts(service, contracts);
    const telemetry = await startOpenTelemetry(options);
    const watched = watch(options.watching, options.logger, telemetry.metrics);
    let serving: Serving | undefined;
    const stats = () => {
      if (serving === undefined) throw new Error("no call comes before the server listens");
      return serving.stats();
    };
    const builtIn = { ...options, admin: options.admin ? stats : undefined };
    const services = await withBuiltInServices(options.services, builtIn);
    const validations = await loadValidation(services.keys());
    const policy = await LivePolicy.open(options.rules, services.keys(), options.policyEvents);
    let tokens: TokenStage | undefined;
    try {
      tokens = await startTokenStage({ ...options, services });
      const loaded = { ...options, services, validations, watched, telemetry };
      serving = new Serving(loaded, policy, tokens, h2?.H2ServerTransport);
      return serving;
    } catch (error) {
      telemetry[Symbol.dispose]();
      tokens?.[Symbol.dispose]();
      await policy.close();
      throw error;
    }
  }

  private constructor(
    options: LoadedOptions,
    policy: LivePolicy,
    tokens: TokenStage,
    H2ServerTransport: H2ServerTransportClass | undefined,
  ) {
    const { limits, logger, transports } = options;
    const { observers, quarantine } = options.watched;
    this.#options = options;
    // The order of a server's stages, outermost first; src/README.md has the picture.
    this.policy = policy;
    this.#tokens = tokens;
    this.#limitStages = new LimitStages(options.callLimits, options.freshness);
    assertRecorded(options.services.keys(), options.audit);
    const audit = options.audit && new ServerAudit(options.audit, options.auditLevel, logger);
    this.#audit = audit;
    const telemetry = serverTelemetry(logger, options.refusals, options.logMetadata, observers);
    const abandoned = new AbandonedCalls({ maxPerConnection: limits.maxConcurrentStreams });
    const decision = authorization(policy, logger);
    const onStray = strayLog(logger);
    const stagesOf = (
      contract: MethodContract | undefined,
      decisions: readonly ServerStage[] = [decision],
    ): OuterStages => {
      const { outcome = [], admission = [] } = audit?.stagesOf(contract) ?? {};
      const { limits, before, after } = this.#limitStages.of(contract);
      return {
        ...limits,
        onStray,
        outer: [
          ...options.telemetry.stages,
          telemetry,
          ...outcome,
          authentication,
          ...(quarantine === undefined ? [] : [quarantine.stage]),
          abandoned.stage,
          ...before,
          ...decisions,
          ...after,
          ...tokens.of(contract),
          deadline,
          ...admission,
        ],
      };
    };
    const permits = (caller: SpiffeId, path: string) => policy.permits(caller, path);
    // The schema service decides by itself, about each method that it is asked for.
    const schemas = schemaRoute(options, permits, (contract) => stagesOf(contract, []));
    this.#routes = new Map([...routesOf(options, stagesOf), schemas]);
    this.#unknown = unknownServerMethod(stagesOf(undefined).outer, timeLimits(boundOf(options), undefined));
    this.#drainTimeoutMs = limits.drainTimeoutMs;
    const handler = (stream: ServerStream) => this.#serve(stream);
    const keepalive = {
      keepaliveTimeMs: defaults.serverKeepaliveTimeMs,
      keepaliveTimeoutMs: defaults.keepaliveTimeoutMs,
    };
    const served = servedMethods(options);
    const direct = new DirectServerTransport(handler, {
      ...limits,
      ...keepalive,
      // Who may not call a method does not learn that there is one. What a new policy opens later is opened by its path.
      methodsFor: ({ id }) => served.filter(({ path }) => policy.permits(id, path)),
      onAccused: (connection, violation, words) => logAccusation(logger, connection, violation, words),
      onViolation: (connection, { violation, message }) => {
        logViolation(logger, connection, violation, message);
        audit?.violation(connection, violation);
        observers.violation(connection, violation);
      },
    });
    const logRefusedRequest = refusedRequestLog(logger);
    const onRefusedRequest: H2ServerOptions["onRefusedRequest"] = (connection, { code, what }) => {
      this.#limitStages.spend(connection.peer);
      options.refusals.count(code);
      observers.requestRefused(connection, code);
      logRefusedRequest(connection, code, what);
    };
    this.#transports = new Map<string, ServerTransport>([
      [protocols.direct, direct],
      ...(H2ServerTransport
        ? [[protocols.h2, new H2ServerTransport(handler, { ...limits, ...keepalive, onRefusedRequest })] as const]
        : []),
    ]);
    this.#listener = createSecureListener({
      credentials: options.credentials,
      protocols: protocolsOf(transports),
      limits,
      retireGraceMs: limits.drainTimeoutMs,
      onConnection: (connection) => {
        observers.connectionOpened(connection);
        connection.onClose(() => {
          observers.connectionClosed(connection);
          this.#settled();
        });
        this.#transports.get(connection.protocol)?.accept(connection);
      },
      onHandshake: () => observers.handshakeBegan(),
      onRefused: (refusal) => {
        logRefusal(logger, refusal);
        audit?.refusedConnection(refusal);
        observers.connectionRefused(refusal);
      },
    });
    if (options.credentials instanceof MtlsCredentials) {
      this.#reports.push(options.credentials.onRefused((error) => logCredentialsRefused(logger, error)));
    }
    this.#reports.push(options.policyEvents.onRefused((error) => logPolicyRefused(logger, error)));
    this.#reports.push(options.policyEvents.onChange((change) => logPolicyChanged(logger, change)));
    options.health.begin(options.services.keys());
  }

  stats(): ServerStats {
    const { watched, refusals, credentials, audit } = this.#options;
    return {
      ...watched.stats.read(),
      callsUnderWay: this.#calls.size,
      refusedCalls: Object.fromEntries(refusals.read()),
      certificateExpires: credentials.current().svid.notAfter.getTime(),
      auditFailing: audit?.failing,
    };
  }

  listen(address: Address): Promise<void> {
    return this.#listener.listen(address);
  }

  take(raw: Duplex): void {
    this.#listener.take(raw);
  }

  async drain(): Promise<void> {
    await this.#listener.stopAccepting();
    for (const transport of this.#transports.values()) transport.drain();
    await this.#idle(this.#drainTimeoutMs);
    await this.close();
  }

  async close(): Promise<void> {
    await this.#listener.stopAccepting();
    this.#closing ??= new RpcError(Status.UNAVAILABLE, "the server is shutting down", { code: "ERR_SHUTTING_DOWN" });
    for (const call of [...this.#calls]) call.abort(this.#closing);
    // The callers are to hear it: the connections close when the last status has left, or a little later.
    for (const transport of this.#transports.values()) transport.drain();
    await this.#idle(flushTimeoutMs);
    for (const transport of this.#transports.values()) transport.close();
    await this.policy.close();
    for (const report of this.#reports) report[Symbol.dispose]();
    this.#limitStages[Symbol.dispose]();
    this.#tokens[Symbol.dispose]();
    await this.#listener.close();
    this.#audit?.[Symbol.dispose]();
    this.#options.telemetry[Symbol.dispose]();
  }

  #serve(stream: ServerStream): ServerStreamListener {
    const call = new ServerCall(stream, this.#routes.get(stream.path) ?? this.#unknown);
    this.#calls.add(call);
    // Whoever tries again at once, on the connection that is about to end, must not be served any more.
    if (this.#closing !== undefined) call.abort(this.#closing);
    const forget = () => this.#calls.delete(call);
    call.run().then(forget, forget);
    return call;
  }

  /** Until the last connection has closed by itself, which it does after its last call, or the time is up. */
  #idle(timeoutMs: number): Promise<void> {
    if (this.#listener.connections.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#whenIdle.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#whenIdle.add(done);
    });
  }

  #settled(): void {
    if (this.#listener.connections.size > 0) return;
    for (const done of [...this.#whenIdle]) done();
  }
}

type H2ServerTransportClass = typeof import("../rpc/h2/h2-server-transport.js").H2ServerTransport;

function servedMethods({ services }: ServingOptions): ServedMethod[] {
  return [...services.keys()].flatMap(({ methods }) =>
    methods.map((method) => ({ path: methodPath(method), fingerprint: schemaFingerprint(method) })),
  );
}

/** The stages before a request is decoded, and how large it and its response may be. */
interface OuterStages {
  readonly onStray: StrayReporter;
  readonly outer: readonly ServerStage[];
  readonly maxRequestBytes: number | undefined;
  readonly maxResponseBytes: number | undefined;
}

function boundOf({ limits, maxTimeoutIsChosen }: ServingOptions): ServerBound {
  return { maxTimeoutMs: limits.maxTimeoutMs, isChosen: maxTimeoutIsChosen };
}

function schemaRoute(
  options: LoadedOptions,
  permits: (caller: SpiffeId, path: string) => boolean,
  stagesOf: (contract: MethodContract) => OuterStages,
): [path: string, route: ServerMethod] {
  const method = SchemaService.method.describeMethod;
  const contract = methodContract(method);
  const { describeMethod } = schemaService(options.services.keys(), permits);
  const made = {
    inner: [],
    ...options.limits,
    ...stagesOf(contract),
    timeLimits: timeLimits(boundOf(options), contract),
  };
  return [methodPath(method), serverMethod(method, describeMethod, made)];
}

function routesOf(
  options: LoadedOptions,
  stagesOf: (contract: MethodContract) => OuterStages,
): Map<string, ServerMethod> {
  const { services, validations, interceptors, limits, callLimits, logPayloads, logger } = options;
  const bound = boundOf(options);
  const routes = new Map<string, ServerMethod>();
  const names = new Set<string>();
  const users = interceptors.map((interceptor) => guarded<ServerCall>(interceptor));
  for (const [service, implementation] of services) {
    for (const method of service.methods) {
      // Looked up per call, so that handlers may use `this`.
      const handler: AnyHandler = (request, context) => implementation[method.localName]?.(request, context);
      const contract = methodContract(method);
      names.add(contract.name);
      const validate = validations.get(method);
      const inner = [...payloadLog(method, logPayloads, logger), ...users];
      const made = { inner, validate, ...limits, ...stagesOf(contract), timeLimits: timeLimits(bound, contract) };
      routes.set(methodPath(method), serverMethod(method, handler, made));
    }
  }
  assertServed(callLimits, names);
  return routes;
}
