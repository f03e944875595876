/**
 * Bytes or text are not the X.509 structure they should be. It blames nobody: whoever knows where the bytes came from
 * turns it into a `PeerError` or a `ConfigError`.
 */
export class X509Error extends Error {
  override readonly name = "X509Error";
}
