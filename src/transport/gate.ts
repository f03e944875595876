import type { TLSSocket } from "node:tls";
import type { CredentialState } from "../credentials/credential-state.js";
import { type CodedError, isCodedError, PeerError } from "../errors.js";
import type { PeerRole } from "../identity/leaf-profile.js";
import type { SpiffeId } from "../identity/spiffe-id.js";
import type { PeerIdentity } from "../identity/verify-peer.js";
import { verifyKnownPeer } from "./known-peers.js";

export interface GateOptions {
  readonly state: CredentialState;
  /** What ALPN may have chosen. */
  readonly protocols: readonly string[];
  /** The role of the peer. */
  readonly role: PeerRole;
  /** The only peer accepted; a server leaves it out. */
  readonly expected?: SpiffeId;
  readonly now: Date;
}

export interface Admitted {
  readonly peer: PeerIdentity;
  readonly protocol: string;
}

/**
 * The one way from a finished TLS handshake to a peer that is trusted, on both sides. TLS runs with
 * `rejectUnauthorized: false`, so this function is the whole defence: it says yes at its end, and no everywhere else.
 *
 * @throws CodedError whatever goes wrong in it is a refusal
 */
export function passGate(socket: TLSSocket, options: GateOptions): Admitted {
  try {
    const protocol = negotiated(socket, options.protocols);
    const { state, role, expected, now } = options;
    const { bundle, pins, revoked } = state;
    const peer = verifyKnownPeer(presentedChain(socket), {
      bundle,
      pins,
      revoked,
      now,
      role,
      ...(expected && { expected }),
    });
    requireOpenSslVerdict(socket, peer);
    return { peer, protocol };
  } catch (error) {
    throw asRefusal(error);
  }
}

function negotiated(socket: TLSSocket, protocols: readonly string[]): string {
  const version = socket.getProtocol();
  if (version !== "TLSv1.3") throw new PeerError("ERR_PROTOCOL_VERSION", `the peer negotiated ${version}, not TLSv1.3`);
  const { alpnProtocol } = socket;
  if (typeof alpnProtocol !== "string" || !protocols.includes(alpnProtocol)) {
    throw new PeerError(
      "ERR_PROTOCOL_VERSION",
      `the peer offered none of the protocols ${protocols.join(", ")} by ALPN`,
    );
  }
  return alpnProtocol;
}

/** More than `verifyPeer` takes: it refuses such a chain, and nobody has to read the rest of it. */
const mostCertificates = 32;

/** What the peer sent, in its order. `getPeerCertificate` would cost ten times as much and reorder it. */
function presentedChain(socket: TLSSocket): Buffer[] {
  const chain: Buffer[] = [];
  let certificate = socket.getPeerX509Certificate();
  while (certificate !== undefined && chain.length < mostCertificates) {
    chain.push(certificate.raw);
    certificate = certificate.issuerCertificate;
  }
  return chain;
}

/** A second opinion: OpenSSL built and verified the chain on its own. Both have to say yes. */
function requireOpenSslVerdict({ authorized, authorizationError }: TLSSocket, peer: PeerIdentity): void {
  if (authorized) return;
  throw new PeerError("ERR_CHAIN_INVALID", `OpenSSL refuses the certificate chain: ${authorizationError}`, {
    facts: { peerId: peer.id.toString(), pin: peer.pin.toString() },
  });
}

function asRefusal(error: unknown): CodedError {
  if (isCodedError(error)) return error;
  return new PeerError("ERR_HANDSHAKE_FAILED", "the peer could not be verified", { cause: error });
}
