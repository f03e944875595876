import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { AdminService } from "../gen/pinwire/admin/v1/admin_pb.js";
import type { ServerStats } from "../interceptors/server-stats.js";
import type { Implementation } from "../rpc/implementation.js";

/** `pinwire.admin.v1.AdminService`: the figures of a server, for those who hold the role `admin`. */
export function adminService(stats: () => ServerStats): Implementation<typeof AdminService> {
  return {
    getStats: () => {
      const { started, connections, callsUnderWay, methods, peers, refusedCalls, anomalies, ...rest } = stats();
      return {
        started: timestampFromMs(started),
        now: timestampFromMs(Date.now()),
        connections: {
          open: BigInt(connections.open),
          accepted: BigInt(connections.accepted),
          refused: bigCounts(connections.refused),
        },
        callsUnderWay: BigInt(callsUnderWay),
        methods: methods.map(({ method, calls, byStatus, requestBytes, responseBytes, latencyMs }) => ({
          method,
          calls: BigInt(calls),
          byStatus: bigCounts(byStatus),
          requestBytes: BigInt(requestBytes),
          responseBytes: BigInt(responseBytes),
          latency: {
            p50: latencyMs.p50 / 1_000,
            p90: latencyMs.p90 / 1_000,
            p99: latencyMs.p99 / 1_000,
            max: latencyMs.max / 1_000,
          },
        })),
        peers: peers.map(({ peer, connections, calls, refused }) => ({
          peer,
          connections: BigInt(connections),
          calls: BigInt(calls),
          refused: BigInt(refused),
        })),
        refusedCalls: bigCounts(refusedCalls),
        anomalies: bigCounts(anomalies),
        certificateExpires: timestampFromMs(rest.certificateExpires),
        ...(rest.auditFailing === undefined ? {} : { auditFailing: rest.auditFailing }),
      };
    },
  };
}

function bigCounts(counts: Readonly<Partial<Record<string, number>>>): Record<string, bigint> {
  return Object.fromEntries(Object.entries(counts).map(([name, count = 0]) => [name, BigInt(count)]));
}
