import type { DescMethod, Message } from "@bufbuild/protobuf";
import { RpcError } from "../errors.js";
import type { SpiffeId } from "../identity/spiffe-id.js";
import { ClientTelemetry } from "../interceptors/client-telemetry.js";
import { deadline } from "../interceptors/deadline.js";
import type { Logger } from "../interceptors/logger.js";
import type { AttemptPlan } from "../rpc/attempts/attempt-plan.js";
import { LateRetry } from "../rpc/attempts/late-retry.js";
import { openByPlan } from "../rpc/attempts/open-by-plan.js";
import type { CallContext } from "../rpc/call-context.js";
import type { CallOptions } from "../rpc/call-options.js";
import { type CallLimits, ClientCall, cancelled } from "../rpc/client-call.js";
import { type ClientMethod, type ClientStage, clientMethod } from "../rpc/client-method.js";
import { guarded, type Interceptor } from "../rpc/interceptor.js";
import { methodContract } from "../rpc/method-contract.js";
import { nestedFailure } from "../rpc/nested-failure.js";
import { tame } from "../rpc/tame.js";
import type { ClientTransport, ExpectedPeer } from "../rpc/transport.js";
import { attachToken } from "../tokens/attach-token.js";
import type { TokenSource } from "../tokens/token-source.js";
import type { CallPolicy } from "./call-policy.js";
import type { CheckedServiceConfig } from "./check-service-config.js";
import type { Connection } from "./connection.js";
import { methodSettings } from "./method-settings.js";

export interface CallsOptions {
  readonly peer: SpiffeId;
  readonly timeoutMs: number;
  readonly maxMessageBytes: number;
  readonly interceptors: readonly Interceptor<CallContext>[];
  readonly token?: TokenSource | undefined;
  readonly configs: readonly CheckedServiceConfig[];
  readonly policy: CallPolicy;
  readonly logger: Logger;
  /** Stages that log payloads; undefined when nobody wants them. */
  readonly payloadStages: ((method: DescMethod) => ClientStage[]) | undefined;
  readonly logMetadata: readonly string[];
}

/** A method, and how long its calls may take. */
interface Route extends ClientMethod {
  /** When the call does not say. */
  readonly usual: CallLimits;
  /** What it may say at most. */
  readonly maxTimeoutMs: number;
}

/** Makes the calls of one client. */
export class Calls {
  readonly #connection: Connection;
  readonly #options: CallsOptions;
  readonly #methods = new Map<DescMethod, Route>();
  readonly #records: ClientTelemetry;
  readonly #peer: ExpectedPeer;

  constructor(connection: Connection, options: CallsOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#peer = { id: options.peer };
    const { transport, telemetry, figures } = connection;
    const observers = [figures, ...(telemetry?.observers ?? [])];
    this.#records = new ClientTelemetry(options.logger, () => transport.protocol, options.logMetadata, observers);
  }

  /** A call with one response. */
  one(method: DescMethod, request: unknown, options: CallOptions): Promise<Message | undefined> {
    const route = this.#route(method);
    const call = this.#newCall(route, method, request, options);
    return this.#run(call, route).then(() => call.response);
  }

  /** A call with a stream of responses. It runs from now on, whether or not anybody reads. */
  many(method: DescMethod, request: unknown, options: CallOptions): AsyncIterableIterator<Message> {
    const route = this.#route(method);
    const call = this.#newCall(route, method, request, options);
    const done = this.#run(call, route);
    // Nobody may ever look at the end of the stream; that must not count as an unhandled rejection.
    done.catch(() => {});
    const read = async (): Promise<IteratorResult<Message>> => {
      const message = await route.read(call).catch((error: unknown) => {
        // When the call has ended, its end says why; interceptors may have put it in other words.
        if (!call.ended) call.abort(asAbort(error, call));
      });
      if (message !== undefined) return { value: message, done: false };
      await done;
      return finished;
    };
    let left = false;
    let last: Promise<unknown> = Promise.resolve();
    let reading = false;
    return {
      next() {
        if (left) return Promise.resolve(finished);
        // One read at a time, in the order they were asked for, as an async generator does it.
        const result = reading ? last.then(read, read) : read();
        reading = true;
        last = result.then(
          () => {
            reading = false;
          },
          () => {
            reading = false;
          },
        );
        return result;
      },
      async return() {
        left = true;
        call.abort(cancelled("the reader of the responses left", call.method));
        return finished;
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  #newCall(route: Route, method: DescMethod, request: unknown, options: CallOptions): ClientCall {
    const call = new ClientCall(method, this.#peer, request, limitsOf(route, options), options);
    call.onStray = this.#connection.onStray;
    return call;
  }

  async #run(call: ClientCall, route: ClientMethod): Promise<void> {
    this.#connection.calls.add(call);
    try {
      await route.run(call);
      this.#records.succeeded(call);
    } catch (thrown) {
      const error = tame(thrown);
      this.#records.failed(call, error);
      // Whatever failed on this side, the server must not go on with the call.
      call.abort(asAbort(error, call));
      throw error instanceof RpcError ? nestedFailure(error) : error;
    } finally {
      call.release();
      this.#connection.calls.delete(call);
    }
  }

  #route(method: DescMethod): Route {
    let route = this.#methods.get(method);
    if (route === undefined) {
      route = this.#newRoute(method);
      this.#methods.set(method, route);
    }
    return route;
  }

  #newRoute(method: DescMethod): Route {
    const { timeoutMs, maxMessageBytes, interceptors, configs, policy, token } = this.#options;
    const { throttle, buffer, breaker } = policy;
    const { payloadStages } = this.#options;
    const { transport, telemetry } = this.#connection;
    const settings = methodSettings(method, configs);
    const contract = methodContract(method);
    const plan: AttemptPlan = {
      ...settings,
      throttle,
      buffer,
      transport: telemetry?.attempts(transport, method) ?? transport,
    };
    // The order of a client's stages, outermost first. Attempts are below all of them.
    const stages = [
      ...(telemetry?.stages(method) ?? []),
      ...(breaker === undefined ? [] : [breaker.stage]),
      deadline,
      ...(payloadStages?.(method) ?? []),
      ...interceptors.map((interceptor) => guarded<ClientCall>(interceptor)),
      ...(token === undefined ? [] : [attachToken(token, this.#options.peer)]),
    ];
    const open: ClientTransport["open"] = (request, listener) => openByPlan(plan, request, listener);
    const maxTimeoutMs = Math.min(settings.timeoutMs ?? never, contract.maxTimeoutMs ?? never);
    const usualMs = Math.min(timeoutMs, contract.defaultTimeoutMs ?? never, maxTimeoutMs);
    const usual = { timeoutMs: usualMs, waitForReady: settings.waitForReady };
    const retry = settings.retry === undefined ? undefined : new LateRetry(plan);
    return { ...clientMethod(method, { open, retry, stages, maxMessageBytes }), usual, maxTimeoutMs };
  }
}

const never = Number.POSITIVE_INFINITY;

/** Nothing is made for a call that does not say how long it may take. */
function limitsOf({ usual, maxTimeoutMs }: Route, { timeoutMs }: CallOptions): CallLimits {
  return timeoutMs === undefined ? usual : { ...usual, timeoutMs: Math.min(timeoutMs, maxTimeoutMs) };
}

const finished: IteratorReturnResult<undefined> = { value: undefined, done: true };

function asAbort(error: unknown, { method }: ClientCall): RpcError {
  return error instanceof RpcError ? error : cancelled("the call failed on this side", method, error);
}
