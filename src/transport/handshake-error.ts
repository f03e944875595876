import { type ErrorCode, PeerError } from "../errors.js";

/**
 * What a failed TLS handshake means, from the error that node:tls gives. Names of alerts and of OpenSSL's findings are
 * fixed texts, so nothing the peer wrote gets into the message.
 */
export function handshakeError(cause: unknown): PeerError {
  const { code = "", reason = "" } = (cause ?? {}) as NodeJS.ErrnoException & { reason?: string };
  const finding = findings[code];
  if (finding !== undefined) return new PeerError("ERR_PROTOCOL_VERSION", finding, { cause });
  const alert = / alert ([a-z0-9 ]+)$/.exec(reason)?.[1];
  if (alert !== undefined) return new PeerError(codeOfAlert(alert), `the peer refuses us: ${alert}`, { cause });
  if (connectionEnds.has(code)) return closedDuringHandshake(cause);
  return new PeerError("ERR_HANDSHAKE_FAILED", `the TLS handshake failed: ${code || "unknown error"}`, { cause });
}

export function closedDuringHandshake(cause?: unknown): PeerError {
  return new PeerError("ERR_HANDSHAKE_FAILED", "the peer closed the connection during the handshake", { cause });
}

export function handshakeTimeout(timeoutMs: number): PeerError {
  return new PeerError("ERR_HANDSHAKE_TIMEOUT", `the peer did not finish the handshake within ${timeoutMs} ms`);
}

const connectionEnds: ReadonlySet<string> = new Set(["ECONNRESET", "EPIPE", "ECONNABORTED"]);

const findings: Readonly<Record<string, string>> = {
  ERR_SSL_UNSUPPORTED_PROTOCOL: "the peer does not speak TLS 1.3",
  ERR_SSL_WRONG_VERSION_NUMBER: "the peer does not speak TLS",
  ERR_SSL_HTTP_REQUEST: "the peer does not speak TLS",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "the peer does not speak TLS",
  ERR_SSL_DATA_LENGTH_TOO_LONG: "the peer does not speak TLS",
  ERR_SSL_NO_APPLICATION_PROTOCOL: "the peer offered none of the protocols of this server by ALPN",
  ERR_SSL_NO_SHARED_CIPHER: "the peer offered no cipher suite of TLS 1.3",
};

/** The alerts of RFC 8446 section 6.2 that are about a certificate, in OpenSSL's words, and those about the protocol. */
const certificateAlerts = /certificate|unknown ca|access denied/;
const protocolAlerts = /protocol/;

function codeOfAlert(alert: string): ErrorCode {
  if (certificateAlerts.test(alert)) return "ERR_REFUSED_BY_PEER";
  return protocolAlerts.test(alert) ? "ERR_PROTOCOL_VERSION" : "ERR_HANDSHAKE_FAILED";
}
