import { clone, create, createFileRegistry, setExtension } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, MethodOptionsSchema } from "@bufbuild/protobuf/wkt";
import { CallPolicySchema, method as methodOption } from "../src/gen/pinwire/policy/v1/policy_pb.js";
import { BenchService } from "./gen/pinwire/bench/v1/bench_pb.js";

/** The service with a schema that asks for everything: a role, a scope, a rate, a bound on calls under way, sizes. */
export function guardedService(): typeof BenchService {
  const file = clone(FileDescriptorProtoSchema, BenchService.file.proto);
  for (const { method } of file.service) {
    for (const each of method) {
      each.options ??= create(MethodOptionsSchema);
      setExtension(
        each.options,
        methodOption,
        create(CallPolicySchema, {
          roles: ["bench"],
          requiredScopes: ["bench"],
          rateLimit: { perSecond: 10_000_000, burst: 10_000_000 },
          maxConcurrentCalls: 1_500,
          maxRequestBytes: 4_000_000,
          maxResponseBytes: 4_000_000,
        }),
      );
    }
  }
  const registry = createFileRegistry(file, (name) =>
    BenchService.file.dependencies.find((each) => each.proto.name === name),
  );
  const service = registry.getService(BenchService.typeName);
  if (service === undefined) throw new Error("the service is gone");
  return service as typeof BenchService;
}
