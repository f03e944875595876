import { onTestFinished } from "vitest";
import { CallPolicy } from "../../src/client/call-policy.js";
import { Calls } from "../../src/client/calls.js";
import { checkServiceConfig } from "../../src/client/check-service-config.js";
import type { CredentialState } from "../../src/credentials/credential-state.js";
import { defaults } from "../../src/defaults.js";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { SpiffeId } from "../../src/identity/spiffe-id.js";
import { ChannelFigures } from "../../src/interceptors/channel-stats.js";
import { defaultLogger } from "../../src/interceptors/logger.js";
import type { Call } from "../../src/rpc/call.js";
import { CallList } from "../../src/rpc/call-list.js";
import { type NegotiatedClientOptions, NegotiatedClientTransport } from "../../src/rpc/negotiated-client-transport.js";
import type { Source } from "../../src/source.js";
import { parseAddress } from "../../src/transport/address.js";
import { dial, secureSocket } from "../../src/transport/secure-dialer.js";
import { checkServerSocket } from "../../src/transport/socket-check.js";
import { RecordingLogger } from "./greeter-pair.js";
import { serverId } from "./identities.js";
import { sentOnce } from "./sent-once.js";

export interface LowOptions extends Partial<NegotiatedClientOptions> {
  readonly credentials: Source<CredentialState>;
  readonly target: string;
}

/** A client without the public API above it, for the options that users cannot set. */
export function lowClient({ credentials, target, handshakeTimeoutMs = 10_000, ...options }: LowOptions) {
  const address = parseAddress(target);
  const expected = SpiffeId.parse(serverId);
  const common = { credentials, expected, handshakeTimeoutMs };
  const dialer = {
    path: address.path,
    dial: (protocols: readonly string[]) => dial({ ...common, address, protocols }),
    check: () => checkServerSocket(address),
    secure: (raw: Parameters<typeof secureSocket>[0], protocols: readonly string[]) =>
      secureSocket(raw, { ...common, protocols }),
  };
  const transport = new NegotiatedClientTransport(dialer, {
    transports: ["direct", "h2"],
    maxMessageBytes: defaults.maxMessageBytes,
    keepaliveTimeMs: defaults.clientKeepaliveTimeMs,
    keepaliveTimeoutMs: defaults.keepaliveTimeoutMs,
    onFallback: () => {},
    onViolation: () => {},
    handshakeTimeoutMs,
    ...options,
  });
  onTestFinished(() => transport.close());
  const connection = {
    transport,
    calls: new CallList<Call>(),
    onStray: () => {},
    close: () => {},
    telemetry: undefined,
    figures: new ChannelFigures(),
    alarm: { [Symbol.dispose]() {} },
    state: "connected" as const,
  };
  const calls = new Calls(connection, {
    peer: expected,
    timeoutMs: 10_000,
    maxMessageBytes: defaults.maxMessageBytes,
    interceptors: [],
    logger: new RecordingLogger(),
    logMetadata: [],
    payloadStages: undefined,
    // What a transport does is to be seen, not what is tried after it.
    configs: [checkServiceConfig(sentOnce)],
    policy: new CallPolicy({}, defaultLogger(), expected),
  });
  const { sayHello, sayManyHellos } = GreeterService.method;
  return {
    transport,
    sayHello: async (name: string, timeoutMs = 10_000): Promise<string> => {
      const response = await calls.one(sayHello, { name }, { timeoutMs });
      return (response as unknown as { greeting: string }).greeting;
    },
    sayManyHellos: (name: string, count: number, timeoutMs = 10_000) =>
      calls.many(sayManyHellos, { name, count }, { timeoutMs }),
  };
}
