import type { Duplex } from "node:stream";
import type { DescService } from "@bufbuild/protobuf";
import { assertRecorded } from "../audit/assert-recorded.js";
import { ServerAudit } from "../audit/server-audit.js";
import type { RpcError } from "../errors.js";
import type { SpiffeId } from "../identity/spiffe-id.js";
import type { PolicyEvents } from "../interceptors/policy-events.js";
import { LivePolicy } from "../interceptors/policy-live.js";
import type { RefusalCounts } from "../interceptors/refusal-counts.js";
import type { ServerStats } from "../interceptors/server-stats.js";
import { loadValidation } from "../interceptors/validation.js";
import { CallList } from "../rpc/call-list.js";
import { adoptContracts, type MethodContracts } from "../rpc/generated-contracts.js";
import { ServerCall } from "../rpc/server-call.js";
import type { ServerStream, ServerStreamListener, ServerTransport } from "../rpc/transport.js";
import type { Address } from "../transport/address.js";
import { protocolsOf } from "../transport/protocols.js";
import type { SecureConnection } from "../transport/secure-connection.js";
import { createSecureListener, type SecureListener } from "../transport/secure-listener.js";
import { shuttingDown } from "../transport/shutting-down.js";
import { withBuiltInServices } from "./built-in-services.js";
import type { Health } from "./health.js";
import { LimitStages } from "./limit-stages.js";
import { type OpenTelemetryStage, startOpenTelemetry } from "./open-telemetry-stage.js";
import type { AnyImplementation } from "./registered-services.js";
import { Reports } from "./reports.js";
import { Routes } from "./routes.js";
import type { CheckedServerOptions } from "./server-options.js";
import { loadH2, serverTransports } from "./server-transports.js";
import { Stages } from "./stages.js";
import { startTokenStage, type TokenStage } from "./token-stage.js";
import { watch } from "./watch.js";

export interface ServingOptions extends CheckedServerOptions {
  readonly services: ReadonlyMap<DescService, AnyImplementation>;
  readonly contracts: ReadonlyMap<DescService, MethodContracts>;
  readonly policyEvents: PolicyEvents;
  readonly refusals: RefusalCounts;
  readonly health: Health;
}

/** What the options name, loaded and opened. */
interface Loaded {
  readonly services: ReadonlyMap<DescService, AnyImplementation>;
  readonly validations: Awaited<ReturnType<typeof loadValidation>>;
  readonly watched: ReturnType<typeof watch>;
  readonly H2ServerTransport: Awaited<ReturnType<typeof loadH2>>;
  readonly policy: LivePolicy;
  readonly tokens: TokenStage;
  readonly openTelemetry: OpenTelemetryStage;
  readonly audit: ServerAudit | undefined;
}

/** How long the last words to a peer may take when the server is closed. */
const flushTimeoutMs = 1_000;

/** The working half of a server: routes, the listener, the transports, the calls under way. */
export class Serving {
  /** In force now; it may be replaced at any time. */
  readonly policy: LivePolicy;
  readonly #options: ServingOptions;
  readonly #watched: Loaded["watched"];
  readonly #tokens: TokenStage;
  readonly #openTelemetry: OpenTelemetryStage;
  readonly #limitStages: LimitStages;
  readonly #audit: ServerAudit | undefined;
  readonly #reports: Reports;
  readonly #routes: Routes;
  readonly #transports: ReadonlyMap<string, ServerTransport>;
  readonly #listener: SecureListener;
  readonly #calls = new CallList<ServerCall>();
  readonly #whenIdle = new Set<() => void>();
  /** Why calls end, once the server is closed. */
  #closing: RpcError | undefined;

  /** Loads what the options need, and nothing else. */
  static async start(options: ServingOptions): Promise<Serving> {
    const H2ServerTransport = await loadH2(options.transports);
    for (const [service, contracts] of options.contracts) adoptContracts(service, contracts);
    let serving: Serving | undefined;
    const stats = () => {
      if (serving === undefined) throw new Error("no call comes before the server listens");
      return serving.stats();
    };
    const builtIn = { ...options, admin: options.admin ? stats : undefined };
    const services = await withBuiltInServices(options.services, builtIn);
    const validations = await loadValidation(services.keys());
    assertRecorded(services.keys(), options.audit);
    const policy = await LivePolicy.open(options.rules, services.keys(), options.policyEvents);
    let tokens: TokenStage | undefined;
    let openTelemetry: OpenTelemetryStage | undefined;
    let audit: ServerAudit | undefined;
    try {
      tokens = await startTokenStage({ ...options, services });
      openTelemetry = await startOpenTelemetry(options);
      const watched = watch(options, options.logger, openTelemetry.metrics, tokens);
      audit = startAudit(options);
      const loaded = { services, validations, watched, H2ServerTransport, policy, tokens, openTelemetry, audit };
      serving = new Serving(options, loaded);
      return serving;
    } catch (error) {
      await audit?.[Symbol.asyncDispose]();
      openTelemetry?.[Symbol.dispose]();
      tokens?.[Symbol.dispose]();
      await policy.close();
      throw error;
    }
  }

  private constructor(options: ServingOptions, loaded: Loaded) {
    const { limits } = options;
    const { services, validations, policy, tokens, openTelemetry, audit, H2ServerTransport } = loaded;
    const { observers, quarantine } = loaded.watched;
    this.policy = policy;
    this.#options = options;
    this.#watched = loaded.watched;
    this.#tokens = tokens;
    this.#openTelemetry = openTelemetry;
    this.#limitStages = new LimitStages(options.callLimits, options.freshness);
    this.#audit = audit;
    const stages = new Stages({
      ...options,
      audit,
      limitStages: this.#limitStages,
      observers,
      openTelemetry,
      policy,
      quarantine,
      tokens,
    });
    const permits = (caller: SpiffeId, path: string) => policy.permits(caller, path);
    this.#routes = new Routes({ ...options, services, validations, permits }, stages);
    const reports = new Reports({ ...options, audit, observers });
    this.#reports = reports;
    this.#transports = serverTransports(
      (stream) => this.#serve(stream),
      {
        limits,
        services: services.keys(),
        reports,
        permits,
        onRefusedRequest: (connection, fault) => {
          this.#limitStages.spend(connection.peer);
          reports.requestRefused(connection, fault);
        },
      },
      H2ServerTransport,
    );
    this.#listener = this.#makeListener();
    options.health.begin(services.keys());
  }

  #makeListener(): SecureListener {
    const { credentials, limits, transports } = this.#options;
    return createSecureListener({
      credentials,
      protocols: protocolsOf(transports),
      limits,
      retireGraceMs: limits.drainTimeoutMs,
      onConnection: (connection) => this.#accept(connection),
      onHandshake: () => this.#reports.handshakeBegan(),
      onRefused: (refusal) => this.#reports.connectionRefused(refusal),
    });
  }

  stats(): ServerStats {
    const { refusals, credentials, audit } = this.#options;
    return {
      ...this.#watched.stats.read(),
      callsUnderWay: this.#calls.size,
      refusedCalls: Object.fromEntries(refusals.read()),
      certificateExpires: credentials.current().svid.notAfter.getTime(),
      auditFailing: audit?.failing,
      auditRecords: audit && { written: audit.written, lost: audit.lost },
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
    await this.#idle(this.#options.limits.drainTimeoutMs);
    await this.close();
  }

  async close(): Promise<void> {
    await this.#listener.stopAccepting();
    this.#closing ??= shuttingDown();
    for (const call of this.#calls.snapshot()) call.abort(this.#closing);
    // The callers are to hear it: the connections close when the last status has left, or a little later.
    for (const transport of this.#transports.values()) transport.drain();
    await this.#idle(flushTimeoutMs);
    for (const transport of this.#transports.values()) transport.close();
    await this.policy.close();
    this.#reports[Symbol.dispose]();
    this.#limitStages[Symbol.dispose]();
    this.#tokens[Symbol.dispose]();
    await this.#listener.close();
    await this.#audit?.[Symbol.asyncDispose]();
    this.#openTelemetry[Symbol.dispose]();
  }

  #accept(connection: SecureConnection): void {
    this.#reports.connectionOpened(connection);
    connection.onClose(() => {
      this.#reports.connectionClosed(connection);
      this.#settled();
    });
    this.#transports.get(connection.protocol)?.accept(connection);
  }

  #serve(stream: ServerStream): ServerStreamListener {
    const call = new ServerCall(stream, this.#routes.get(stream.path));
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

function startAudit({ audit, auditLevel, logger, limits }: ServingOptions): ServerAudit | undefined {
  return audit && new ServerAudit(audit, auditLevel, logger, limits.auditRefusalsPerMinute);
}
