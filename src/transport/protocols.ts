/** The names that ALPN chooses from (RFC 7301). */
export const protocols = {
  /** gRPC over HTTP/2, as every gRPC implementation speaks it. */
  h2: "h2",
  /** pinwire's own framing. */
  direct: "pinwire/1",
} as const;
