import type { DescMethod, DescService, Message } from "@bufbuild/protobuf";
import { checkDelayMs, checkKeys } from "../check-option.js";
import { UsageError } from "../errors.js";
import type { CallContext } from "../rpc/call-context.js";
import type { CallOptions } from "../rpc/call-options.js";
import type { MethodContracts } from "../rpc/generated-contracts.js";
import type { Interceptor } from "../rpc/interceptor.js";
import { streamsResponses } from "../rpc/streaming.js";
import { checkToken, type TokenSource } from "../tokens/token-source.js";
import type { Calls } from "./calls.js";
import { Channel, type ChannelOptions, channelOptionKeys } from "./channel.js";
import type { CheckedServiceConfig } from "./check-service-config.js";
import type { ClientMethods } from "./client-methods.js";
import { checkOnlyAbout } from "./method-settings.js";
import type { ServiceConfig } from "./service-config.js";

/** What the calls of one client have in common; a call may say otherwise. */
export interface ClientOptions {
  /** How long each call may take unless it says otherwise. Required: a call without a deadline can hang for ever. */
  readonly timeoutMs: number;
  /** What holds for the methods of this service, before what the channel's says. */
  readonly serviceConfig?: ServiceConfig;
  /** Run around every call, the first outermost. */
  readonly interceptors?: readonly Interceptor<CallContext>[];
  /** The capability token of its calls; instead of the channel's. docs/tokens.md */
  readonly token?: string | TokenSource;
  /** The generated table, which a generated `create…Client` function hands over. Without it the descriptor says the same. */
  readonly contracts?: MethodContracts;
}

/** A typed client. Disposing of it closes its channel, unless the channel was given to it. */
export type Client<S extends DescService> = ClientMethods<S> &
  AsyncDisposable &
  // A method of the service goes before ours; `await using` and Symbol.asyncDispose are always there.
  ("close" extends keyof S["method"]
    ? unknown
    : {
        /** Closes the channel, unless it was handed to this client. */
        close(): Promise<void>;
      });

const clientOptionKeys = ["timeoutMs", "serviceConfig", "interceptors", "token", "contracts"] as const;

/**
 * Makes a client with a channel of its own.
 *
 * @throws ConfigError ERR_INVALID_ADDRESS, ERR_PATH_TOO_LONG, ERR_INVALID_SPIFFE_ID, ERR_SERVICE_CONFIG;
 * UsageError ERR_NO_TIMEOUT, ERR_INVALID_OPTION
 */
export function createClient<S extends DescService>(service: S, options: ChannelOptions & ClientOptions): Client<S>;
/** Makes a client on a channel that others may share. */
export function createClient<S extends DescService>(service: S, channel: Channel, options: ClientOptions): Client<S>;
export function createClient<S extends DescService>(
  service: S,
  target: Channel | (ChannelOptions & ClientOptions),
  shared?: ClientOptions,
): Client<S> {
  if (target instanceof Channel) {
    const options = checkOptions(shared, clientOptionKeys);
    const configs = target.policy.configsFor(service, options.serviceConfig);
    return assemble(service, target, { ...options, configs }, async () => {});
  }
  const options = checkOptions(target, [...channelOptionKeys, ...clientOptionKeys]);
  const channel = new Channel(target);
  checkOnlyAbout(service, channel.policy.config);
  const configs = channel.policy.configsFor(service, undefined);
  return assemble(service, channel, { ...options, configs }, () => channel.close());
}

/** With the service configs that hold for the client, most specific first. */
type AssembledOptions = ClientOptions & { readonly configs: readonly CheckedServiceConfig[] };

function assemble<S extends DescService>(
  service: S,
  channel: Channel,
  options: AssembledOptions,
  close: () => Promise<void>,
): Client<S> {
  const load = callsOf(service, channel, options);
  const methods = service.methods.map((method) => [method.localName, caller(method, load)]);
  // The mapped type cannot follow Object.fromEntries; the loop above gives each method the function of its kind.
  return Object.assign({ close }, Object.fromEntries(methods), { [Symbol.asyncDispose]: close }) as Client<S>;
}

/** The working half of a client; without waiting once it is there. */
type LoadCalls = () => Calls | Promise<Calls>;

function callsOf(service: DescService, channel: Channel, options: AssembledOptions): LoadCalls {
  let calls: Calls | undefined;
  const token = checkToken(options.token) ?? channel.token;
  const load = async (): Promise<Calls> => {
    const [connection, { Calls }] = await Promise.all([channel.connection, import("./calls.js")]);
    const { timeoutMs, interceptors = [], contracts, configs } = options;
    if (contracts !== undefined) (await import("../rpc/generated-contracts.js")).adoptContracts(service, contracts);
    const payloadStages = await payloadStagesFor(channel);
    calls ??= new Calls(connection, {
      peer: channel.peer,
      timeoutMs,
      maxMessageBytes: channel.maxMessageBytes,
      interceptors,
      configs,
      policy: channel.policy,
      logger: channel.logger,
      logMetadata: channel.logMetadata,
      payloadStages,
      token,
    });
    return calls;
  };
  return () => (channel.closed || calls === undefined ? load() : calls);
}

/** What renders payloads is loaded only where somebody wants them logged. */
async function payloadStagesFor({ logPayloads, logger }: Channel) {
  if (logPayloads.length === 0) return undefined;
  const { payloadLog } = await import("../interceptors/payload-log.js");
  return (method: DescMethod) => payloadLog(method, logPayloads, logger);
}

function caller(method: DescMethod, load: LoadCalls): (request: unknown, options?: CallOptions) => unknown {
  if (!streamsResponses(method)) {
    return (request, options = {}) => {
      try {
        checkCall(options);
        const calls = load();
        if (!(calls instanceof Promise)) return calls.one(method, request, options);
        return calls.then((loaded) => loaded.one(method, request, options));
      } catch (error) {
        return Promise.reject(error);
      }
    };
  }
  return (request, options = {}) => {
    checkCall(options);
    const calls = load();
    if (!(calls instanceof Promise)) return calls.many(method, request, options);
    return deferred(calls.then((loaded) => loaded.many(method, request, options)));
  };
}

/** An iterator that is still to come. */
function deferred(coming: Promise<AsyncIterableIterator<Message>>): AsyncIterableIterator<Message> {
  coming.catch(() => {});
  return {
    next: async () => (await coming).next(),
    return: async () => (await coming).return?.() ?? { value: undefined, done: true },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function checkCall({ timeoutMs }: CallOptions): void {
  if (timeoutMs !== undefined) checkDelayMs("timeoutMs", timeoutMs);
}

function checkOptions(options: ClientOptions | undefined, known: readonly string[]): ClientOptions {
  if (options?.timeoutMs === undefined) {
    throw new UsageError(
      "ERR_NO_TIMEOUT",
      "createClient() needs timeoutMs: how long a call may take unless it says otherwise",
    );
  }
  checkKeys("createClient()", options, known);
  checkDelayMs("timeoutMs", options.timeoutMs);
  return options;
}
