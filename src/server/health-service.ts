import { RpcError } from "../errors.js";
import {
  type Health as HealthService,
  HealthCheckResponse_ServingStatus as Wire,
} from "../gen/grpc/health/v1/health_pb.js";
import type { Implementation } from "../rpc/implementation.js";
import { Status } from "../status.js";
import type { Health } from "./health.js";

/** The protocol's own bound (health.proto, List): more is not for one message. */
const mostListed = 100;

/** `grpc.health.v1.Health` (https://github.com/grpc/grpc/blob/master/doc/health-checking.md). */
export function healthService(health: Health): Implementation<typeof HealthService> {
  return {
    check: ({ service }) => {
      const status = health.get(service);
      if (status === undefined) throw new RpcError(Status.NOT_FOUND, "nothing is known of a service of that name");
      return { status: Wire[status] };
    },

    list: () => {
      const names = health.names();
      if (names.length > mostListed)
        throw new RpcError(Status.RESOURCE_EXHAUSTED, "there are too many services to list");
      return { statuses: Object.fromEntries(names.map((name) => [name, { status: wireStatus(health, name) }])) };
    },

    // Whoever reads slowly is told what is the case when it reads, not all that was meanwhile.
    async *watch({ service }, { signal }) {
      let told: Wire | undefined;
      for (;;) {
        const status = wireStatus(health, service);
        if (status !== told) {
          told = status;
          yield { status };
        } else if (health.ended || signal.aborted) {
          return;
        } else {
          await health.changed(signal);
        }
      }
    },
  };
}

/** A service that is not known may still become so. */
function wireStatus(health: Health, service: string): Wire {
  return Wire[health.get(service) ?? "SERVICE_UNKNOWN"];
}
