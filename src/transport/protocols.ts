import { UsageError } from "../errors.js";

/** The names that ALPN chooses from (RFC 7301). */
export const protocols = {
  /** pinwire's own framing. */
  direct: "pinwire/1",
  /** gRPC over HTTP/2, as every gRPC implementation speaks it. */
  h2: "h2",
} as const;

/** What users call them. */
export type TransportName = keyof typeof protocols;

const transportNames = Object.keys(protocols) as readonly TransportName[];

/** The protocols of a list of transports, in order of preference. */
export function protocolsOf(transports: readonly TransportName[]): string[] {
  return transports.map((name) => protocols[name]);
}

export function transportName(protocol: string | undefined): TransportName | undefined {
  return transportNames.find((name) => protocols[name] === protocol);
}

/** @throws UsageError ERR_INVALID_OPTION */
export function checkTransports(transports: readonly TransportName[] = transportNames): readonly TransportName[] {
  if (transports.length > 0 && transports.every((name) => transportNames.includes(name)))
    return [...new Set(transports)];
  const known = transportNames.map((name) => `"${name}"`).join(", ");
  throw new UsageError("ERR_INVALID_OPTION", `transports must name at least one of ${known}`);
}
