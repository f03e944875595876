import type { DescService } from "@bufbuild/protobuf";
import { defaults } from "../defaults.js";
import type { SpiffeId } from "../identity/spiffe-id.js";
import { DirectServerTransport, type ServedMethod } from "../rpc/direct/direct-server-transport.js";
import { schemaFingerprint } from "../rpc/direct/schema-fingerprint.js";
import type { RequestFault } from "../rpc/h2/strict-requests.js";
import { methodPath } from "../rpc/method-path.js";
import type { ServerStreamHandler, ServerTransport } from "../rpc/transport.js";
import { protocols, type TransportName } from "../transport/protocols.js";
import type { SecureConnection } from "../transport/secure-connection.js";
import type { Reports } from "./reports.js";
import type { ServerLimits } from "./server-options.js";

type H2ServerTransportClass = typeof import("../rpc/h2/h2-server-transport.js").H2ServerTransport;

export interface ServerTransportsOptions {
  readonly limits: ServerLimits;
  readonly services: Iterable<DescService>;
  readonly reports: Reports;
  permits(caller: SpiffeId, path: string): boolean;
  onRefusedRequest(connection: SecureConnection, fault: RequestFault): void;
}

/** Loads HTTP/2, where it is spoken; a server that does not never loads grpc-js. */
export async function loadH2(transports: readonly TransportName[]): Promise<H2ServerTransportClass | undefined> {
  if (!transports.includes("h2")) return undefined;
  return (await import("../rpc/h2/h2-server-transport.js")).H2ServerTransport;
}

/** @returns what takes over connections, by the protocol that they speak */
export function serverTransports(
  handler: ServerStreamHandler,
  { limits, services, reports, permits, onRefusedRequest }: ServerTransportsOptions,
  H2ServerTransport: H2ServerTransportClass | undefined,
): ReadonlyMap<string, ServerTransport> {
  const { serverKeepaliveTimeMs: keepaliveTimeMs, keepaliveTimeoutMs } = defaults;
  const shared = { ...limits, keepaliveTimeMs, keepaliveTimeoutMs };
  const served = servedMethods(services);
  const direct = new DirectServerTransport(handler, {
    ...shared,
    // Who may not call a method does not learn that there is one. What a new policy opens later is opened by its path.
    methodsFor: ({ id }) => served.filter(({ path }) => permits(id, path)),
    onAccused: (connection, violation, words) => reports.accused(connection, violation, words),
    onViolation: (connection, violation) => reports.violation(connection, violation),
  });
  const transports = new Map<string, ServerTransport>([[protocols.direct, direct]]);
  if (H2ServerTransport) transports.set(protocols.h2, new H2ServerTransport(handler, { ...shared, onRefusedRequest }));
  return transports;
}

function servedMethods(services: Iterable<DescService>): ServedMethod[] {
  return [...services].flatMap(({ methods }) =>
    methods.map((method) => ({ path: methodPath(method), fingerprint: schemaFingerprint(method) })),
  );
}
