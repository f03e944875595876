import type { Duplex } from "node:stream";
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { type ErrorCode, UsageError } from "../errors.js";
import type { SpiffeId } from "../identity/spiffe-id.js";
import { type PolicyChange, PolicyEvents } from "../interceptors/policy-events.js";
import type { PolicyExplanation } from "../interceptors/policy-explanation.js";
import { RefusalCounts } from "../interceptors/refusal-counts.js";
import type { ServerStats } from "../interceptors/server-stats.js";
import type { Implementation } from "../rpc/implementation.js";
import { parseAddress } from "../transport/address.js";
import { Health } from "./health.js";
import { RegisteredServices, type ServiceOptions } from "./registered-services.js";
import { type CheckedServerOptions, checkServerOptions, type ServerOptions } from "./server-options.js";
import type { Serving } from "./serving.js";

/**
 * Makes a server. Nothing is open until {@link Server.listen}.
 *
 * @throws UsageError ERR_NO_CREDENTIALS, ERR_NO_POLICY, ERR_INVALID_OPTION
 */
export function createServer(options: ServerOptions): Server {
  return new Server(options);
}

/** Made by {@link createServer}: register services, then listen. */
export class Server implements AsyncDisposable {
  /** How the services are; what `grpc.health.v1.Health` answers to those whom the policy allows it. */
  readonly health = new Health();
  readonly #options: CheckedServerOptions;
  readonly #services = new RegisteredServices();
  readonly #policyEvents = new PolicyEvents();
  readonly #refusals = new RefusalCounts();
  #serving: Promise<Serving> | undefined;
  #running: Serving | undefined;
  #closed = false;

  /** @internal Use {@link createServer}. */
  constructor(options: ServerOptions) {
    this.#options = checkServerOptions(options);
  }

  /**
   * Adds a service: one function per method, no more and no less. A generated `register…` function calls this.
   *
   * @throws UsageError ERR_SERVICE_REGISTERED_TWICE, ERR_HANDLER_MISSING, ERR_HANDLER_UNKNOWN, ERR_SERVER_STARTED,
   * ERR_INVALID_OPTION
   */
  service<S extends DescService>(
    service: S,
    implementation: Implementation<S>,
    options: ServiceOptions<NoInfer<S>> = {},
  ): this {
    if (this.#serving !== undefined) {
      throw new UsageError("ERR_SERVER_STARTED", `add ${service.typeName} before listen() is called`);
    }
    this.#services.add(service, implementation, options);
    return this;
  }

  /**
   * Opens a socket and serves on it. May be called again with other addresses.
   *
   * @param address `unix:/absolute/path` or `npipe:name`
   * @throws ConfigError ERR_INVALID_ADDRESS, ERR_PATH_TOO_LONG, ERR_DIRECTORY_NOT_PRIVATE, ERR_ADDRESS_IN_USE,
   * ERR_NOT_A_SOCKET, ERR_LISTEN_FAILED, ERR_SCHEMA_POLICY, ERR_VALIDATION_MISSING, ERR_OPENTELEMETRY_MISSING,
   * ERR_VALIDATION_RULES, ERR_GENERATED_STALE, ERR_POLICY_INVALID, ERR_ROLE_UNDEFINED,
   * ERR_ROLE_UNUSED, ERR_FILE_MISSING and others of the files that `tokens` names; UsageError ERR_SERVER_CLOSED,
   * ERR_NO_TOKENS
   */
  async listen(address: string): Promise<void> {
    if (this.#closed) throw new UsageError("ERR_SERVER_CLOSED", "this server was closed; make a new one");
    const parsed = parseAddress(address);
    const serving = await this.#start();
    await serving.listen(parsed);
  }

  /**
   * Says how a call would be decided, by which rule and why; before {@link listen}, by the policy as it would be then.
   *
   * @param peer a SPIFFE ID
   * @param method a method of a service, or any path: `/package.Service/Method`
   * @param headers what rules about headers see @default {}
   * @throws ConfigError, UsageError as {@link listen}; ERR_INVALID_SPIFFE_ID, ERR_INVALID_METADATA
   */
  async explain(
    peer: string | SpiffeId,
    method: string | DescMethod,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<PolicyExplanation> {
    const { explain } = await import("./explain.js");
    const inForce = (await this.#serving)?.policy;
    return explain({ peer, method, headers }, inForce, this.#options.rules, this.#services.implementations.keys());
  }

  /**
   * Calls `listener` when a new `policyFile` was refused, once for each reason; the old policy stays in force. It is in the
   * log, too.
   */
  onPolicyRefused(listener: (error: Error) => void): Disposable {
    return this.#policyEvents.onRefused(listener);
  }

  /** Calls `listener` when a new `policyFile` is in force. */
  onPolicyChange(listener: (change: PolicyChange) => void): Disposable {
    return this.#policyEvents.onChange(listener);
  }

  /** Reads the `policyFile` now, without waiting for the watch. On an error the old policy stays in force. @throws ConfigError */
  async reloadPolicy(): Promise<void> {
    await (await this.#serving)?.policy.reload();
  }

  /** What the server did so far and does now; undefined before it listens. The role `admin` sees it with `pinwire top`. */
  stats(): ServerStats | undefined {
    return this.#running?.stats();
  }

  /** How many calls were refused so far, by reason: policy, limits, age, … What handlers throw is not counted. */
  get refusedCalls(): ReadonlyMap<ErrorCode, number> {
    return this.#refusals.read();
  }

  /** @internal Serves on a connection within the process; for tests. @throws as {@link listen} */
  async takeConnection(raw: Duplex): Promise<void> {
    if (this.#closed) throw new UsageError("ERR_SERVER_CLOSED", "this server was closed; make a new one");
    (await this.#start()).take(raw);
  }

  /**
   * Ends in good order: the socket goes, peers are told to send no more, calls under way finish. What has not finished
   * after `drainTimeoutMs` is cut off.
   */
  async drain(): Promise<void> {
    this.#closed = true;
    this.health.end();
    await (await this.#serving)?.drain();
  }

  /** Ends at once: calls under way fail with `UNAVAILABLE`. */
  async close(): Promise<void> {
    this.#closed = true;
    this.health.end();
    await (await this.#serving)?.close();
  }

  /** The same as {@link drain}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }

  /** What serving needs (TLS, HTTP/2, protobuf) is loaded here: importing pinwire must cost next to nothing. */
  #start(): Promise<Serving> {
    this.#serving ??= this.#load().catch((error: unknown) => {
      // So that listen() can be tried again, and close() has nothing to wait for.
      this.#serving = undefined;
      throw error;
    });
    return this.#serving;
  }

  async #load(): Promise<Serving> {
    const { Serving } = await import("./serving.js");
    this.#running = await Serving.start({
      ...this.#options,
      services: this.#services.implementations,
      contracts: this.#services.contracts,
      policyEvents: this.#policyEvents,
      refusals: this.#refusals,
      health: this.health,
    });
    return this.#running;
  }
}
