import type { TLSSocket } from "node:tls";
import type { CredentialState } from "../credentials/credential-state.js";
import { type CodedError, isCodedError, PeerError } from "../errors.js";
import type { PeerRole } from "../identity/leaf-profile.js";
import type { SpiffeId } from "../identity/spiffe-id.js";
import type { PeerIdentity, VerifyOptions } from "../identity/verify-peer.js";
import { verifyKnownPeer } from "./known-peers.js";

export interface GateOptions {
  readonly state: CredentialState;
  /** What ALPN may have chosen. */
  readonly protocols: readonly string[];
  /** The role of the peer. */
  readonly role: PeerRole;
  /** The only server accepted. A client must name one; to a server its policy says whom it serves. */
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
    if (role === "server" && expected === undefined) {
      throw new PeerError("ERR_UNEXPECTED_IDENTITY", "no server was named, so none is accepted");
    }
    const peer = verifyChain(socket, { bundle, pins, revoked, now, role, ...(expected && { expected }) });
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

/**
 * The leaf alone says it all where the CA itself issues leaves, and costs least. Only when its issuer is not found does
 * the rest of what the peer sent matter.
 */
function verifyChain(socket: TLSSocket, options: VerifyOptions): PeerIdentity {
  const { raw } = socket.getPeerCertificate();
  if (raw === undefined) return verifyKnownPeer([], options);
  try {
    return verifyKnownPeer([raw], options);
  } catch (error) {
    if (!isCodedError(error) || error.code !== "ERR_UNKNOWN_ISSUER") throw error;
    return verifyKnownPeer(presentedChain(socket), options);
  }
}

/** More than `verifyPeer` takes: it refuses such a chain, and nobody has to read the rest of it. */
const mostCertificates = 32;

/**
 * In the order in which they issued each other; strangers among them are left out. Not by `getPeerX509Certificate`, which
 * takes the certificate out of the connection's chain and never frees it: 5 KB a connection (seen in Node.js 20.20). A
 * server on Node.js 24 is shown the leaf alone, by either call, and refuses what only an intermediate could explain.
 */
function presentedChain(socket: TLSSocket): Buffer[] {
  const chain: Buffer[] = [];
  for (let certificate = socket.getPeerCertificate(true); chain.length < mostCertificates; ) {
    chain.push(certificate.raw);
    const issuer = certificate.issuerCertificate;
    // The one at the top is its own issuer, or has none that is known.
    if (issuer === undefined || issuer === certificate) break;
    certificate = issuer;
  }
  return chain;
}

/** A second opinion: OpenSSL built and verified the chain on its own. Both have to say yes. */
function requireOpenSslVerdict({ authorized, authorizationError }: TLSSocket, peer: PeerIdentity): void {
  if (authorized) return;
  const facts = { peerId: peer.id.toString(), pin: peer.pin.toString() };
  // RFC 5280 counts the second that a certificate names as its end in, OpenSSL does not.
  if (String(authorizationError) === "CERT_HAS_EXPIRED") {
    const end = new Date(peer.notAfter).toISOString().replace(".000Z", "Z");
    throw new PeerError("ERR_CERTIFICATE_EXPIRED", `the peer's certificate is refused: it expired at ${end}`, {
      facts,
    });
  }
  throw new PeerError("ERR_CHAIN_INVALID", `OpenSSL refuses the certificate chain: ${authorizationError}`, { facts });
}

function asRefusal(error: unknown): CodedError {
  if (isCodedError(error)) return error;
  return new PeerError("ERR_HANDSHAKE_FAILED", "the peer could not be verified", { cause: error });
}
