import { constants } from "node:crypto";
import { createSecureContext, type SecureContext, type SecureContextOptions, type TlsOptions } from "node:tls";
import type { CredentialState } from "../credentials/credential-state.js";

/**
 * Options of the one TLS server, for `tls.createServer` and for every `setSecureContext` after it: what is not repeated
 * there is forgotten, and a server that rotated its certificate would accept TLS 1.2 from then on.
 */
export function serverTlsOptions(state: CredentialState, protocols: readonly string[]): TlsOptions {
  return {
    ...contextOptions(state),
    requestCert: true,
    // Not the decision but its delay: OpenSSL would cut the connection without a reason. The gate refuses in its place.
    rejectUnauthorized: false,
    ALPNProtocols: [...protocols],
  };
}

/** What a client gives `tls.connect` besides the socket. */
export interface ClientTlsOptions {
  readonly secureContext: SecureContext;
  readonly rejectUnauthorized: false;
  readonly ALPNProtocols: string[];
  readonly checkServerIdentity: () => undefined;
}

/**
 * Options of a client. The TLS context is made once for each state of the credentials: parsing keys and certificates
 * costs as much as a handshake. There is never a `session`: a resumed one skips the certificates.
 */
export function clientTlsOptions(state: CredentialState, protocols: readonly string[]): ClientTlsOptions {
  return {
    secureContext: secureContextOf(state),
    // As at the server: the gate decides, and says why.
    rejectUnauthorized: false,
    ALPNProtocols: [...protocols],
    // A SPIFFE ID takes the place of the host name; the gate compares it.
    checkServerIdentity: () => undefined,
  };
}

const contexts = new WeakMap<CredentialState, SecureContext>();

function secureContextOf(state: CredentialState): SecureContext {
  const known = contexts.get(state);
  if (known !== undefined) return known;
  const made = createSecureContext(contextOptions(state));
  contexts.set(state, made);
  return made;
}

function contextOptions({ svid, bundle }: CredentialState): SecureContextOptions {
  return {
    key: svid.keyPem,
    cert: svid.certPem,
    ca: bundle.toPem(),
    minVersion: "TLSv1.3",
    maxVersion: "TLSv1.3",
    // The three suites of TLS 1.3, named so that `--tls-cipher-list` cannot change them.
    ciphers: "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256",
    // A resumed session skips the certificates, and with them expiry, pin and revocation.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}
