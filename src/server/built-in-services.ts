import type { DescService } from "@bufbuild/protobuf";
import { Health as HealthService } from "../gen/grpc/health/v1/health_pb.js";
import type { ServerStats } from "../interceptors/server-stats.js";
import type { Health } from "./health.js";
import { healthService } from "./health-service.js";
import type { AnyImplementation } from "./registered-services.js";

export interface BuiltInOptions {
  readonly health: Health;
  readonly reflection: boolean;
  /** The figures, where the admin service is switched on. */
  readonly admin: (() => ServerStats) | undefined;
}

/**
 * The services of a server with those that pinwire brings: health, and reflection where it is switched on. Nobody may call
 * them unless the policy says so, as with any other. An application's own service of the same name stands.
 */
export async function withBuiltInServices(
  services: ReadonlyMap<DescService, AnyImplementation>,
  { health, reflection, admin }: BuiltInOptions,
): Promise<Map<DescService, AnyImplementation>> {
  const all = new Map(services);
  const add = (service: DescService, implementation: object) => {
    for (const { typeName } of services.keys()) if (typeName === service.typeName) return;
    all.set(service, implementation as AnyImplementation);
  };
  add(HealthService, healthService(health));
  if (admin !== undefined) {
    const [{ AdminService }, { adminService }] = await Promise.all([
      import("../gen/pinwire/admin/v1/admin_pb.js"),
      import("./admin-service.js"),
    ]);
    add(AdminService, adminService(admin));
  }
  if (!reflection) return all;
  const [v1, v1alpha, { reflectionService, reflectionServiceV1Alpha }] = await Promise.all([
    import("../gen/grpc/reflection/v1/reflection_pb.js"),
    import("../gen/grpc/reflection/v1alpha/reflection_pb.js"),
    import("./reflection-service.js"),
  ]);
  const described = [...all.keys(), v1.ServerReflection, v1alpha.ServerReflection];
  add(v1.ServerReflection, reflectionService(described));
  add(v1alpha.ServerReflection, reflectionServiceV1Alpha(described));
  return all;
}
