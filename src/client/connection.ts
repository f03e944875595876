import { defaults } from "../defaults.js";
import { isCodedError, type RpcError } from "../errors.js";
import { CertificateAlarm } from "../interceptors/certificate-alarm.js";
import { ChannelFigures, type ConnectionState } from "../interceptors/channel-stats.js";
import { logAccusation, logConnection, logFallback, logViolation } from "../interceptors/connection-log.js";
import { strayLog } from "../interceptors/stray-log.js";
import type { Call, StrayReporter } from "../rpc/call.js";
import { CallList } from "../rpc/call-list.js";
import type { Dialer } from "../rpc/dialer.js";
import { NegotiatedClientTransport } from "../rpc/negotiated-client-transport.js";
import type { ClientTransport } from "../rpc/transport.js";
import type { SecureConnection } from "../transport/secure-connection.js";
import { dial, secureSocket } from "../transport/secure-dialer.js";
import { checkServerSocket } from "../transport/socket-check.js";
import type { Channel } from "./channel.js";
import type { ChannelTelemetry } from "./channel-telemetry.js";

/** The working half of a channel: its transport and the calls under way on it. */
export class Connection {
  readonly transport: ClientTransport;
  readonly calls = new CallList<Call>();
  readonly onStray: StrayReporter;

  /** Undefined without the option `openTelemetry`. */
  readonly telemetry: ChannelTelemetry | undefined;
  readonly figures = new ChannelFigures();
  /** Tells when our own certificate ends. */
  readonly alarm: Disposable;

  constructor(channel: Channel, telemetry: ChannelTelemetry | undefined) {
    this.telemetry = telemetry;
    this.onStray = strayLog(channel.logger);
    this.alarm = new CertificateAlarm(channel.credentials, channel.logger, "client");
    const dialer = dialerFor(channel, this.figures);
    this.transport = new NegotiatedClientTransport(telemetry?.dialer(dialer) ?? dialer, {
      transports: channel.transports,
      maxMessageBytes: channel.maxMessageBytes,
      handshakeTimeoutMs: channel.handshakeTimeoutMs,
      keepaliveTimeMs: defaults.clientKeepaliveTimeMs,
      keepaliveTimeoutMs: defaults.keepaliveTimeoutMs,
      onFallback: () => logFallback(channel.logger, channel),
      onAccused: (connection, violation, words) => logAccusation(channel.logger, connection, violation, words),
      onViolation: (connection, { violation, message }) => logViolation(channel.logger, connection, violation, message),
    });
  }

  /** What becomes of a call that comes now. */
  get state(): ConnectionState {
    if (this.transport.protocol !== undefined) return "connected";
    return this.transport.backoffMs > 0 ? "waiting" : "idle";
  }

  close(reason: RpcError): void {
    for (const call of this.calls.snapshot()) call.abort(reason);
    this.transport.close();
    this.alarm[Symbol.dispose]();
    this.telemetry?.[Symbol.dispose]();
  }
}

function dialerFor(
  { address, credentials, peer, handshakeTimeoutMs, connectRaw, logger }: Channel,
  figures: ChannelFigures,
): Dialer {
  const common = { credentials, expected: peer, handshakeTimeoutMs };
  const failed = (error: unknown): never => {
    if (isCodedError(error)) figures.connected(error.code);
    throw error;
  };
  const logged = async (connecting: Promise<SecureConnection>) => {
    const connection = await connecting.catch(failed);
    figures.connected("OK");
    logConnection(logger, "client", connection);
    return connection;
  };
  if (connectRaw !== undefined) {
    return {
      path: address.path,
      dial: async (protocols, signal) => logged(secureSocket(await connectRaw(), { ...common, protocols, signal })),
      check: async () => {},
      secure: (raw, protocols) => logged(secureSocket(raw, { ...common, protocols })),
    };
  }
  return {
    path: address.path,
    dial: (protocols, signal) => logged(dial({ ...common, address, protocols, signal })),
    check: () => checkServerSocket(address).catch(failed),
    secure: (raw, protocols) => logged(secureSocket(raw, { ...common, protocols })),
  };
}
