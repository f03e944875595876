import { defaults } from "../defaults.js";
import type { RpcError } from "../errors.js";
import type { Call } from "../rpc/call.js";
import type { Dialer } from "../rpc/dialer.js";
import { H2ClientTransport } from "../rpc/h2/h2-client-transport.js";
import type { ClientTransport } from "../rpc/transport.js";
import { protocols } from "../transport/protocols.js";
import { secureSocket } from "../transport/secure-dialer.js";
import { checkServerSocket } from "../transport/socket-check.js";
import type { Channel } from "./channel.js";

/** The working half of a channel: its transport and the calls under way on it. */
export class Connection {
  readonly transport: ClientTransport;
  readonly calls = new Set<Call>();

  constructor(channel: Channel) {
    this.transport = new H2ClientTransport(dialerFor(channel), {
      maxMessageBytes: channel.maxMessageBytes,
      keepaliveTimeMs: defaults.clientKeepaliveTimeMs,
      keepaliveTimeoutMs: defaults.keepaliveTimeoutMs,
    });
  }

  close(reason: RpcError): void {
    for (const call of [...this.calls]) call.abort(reason);
    this.transport.close();
  }
}

function dialerFor({ address, credentials, peer, handshakeTimeoutMs }: Channel): Dialer {
  return {
    path: address.path,
    check: () => checkServerSocket(address),
    secure: (raw) => secureSocket(raw, { credentials, expected: peer, protocols: [protocols.h2], handshakeTimeoutMs }),
  };
}
