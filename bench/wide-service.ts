import { clone, create, createFileRegistry } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, MethodDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { BenchService } from "./gen/pinwire/bench/v1/bench_pb.js";

/** The service with a thousand methods more, which nobody calls: what a call costs must not depend on them. */
export function wideService(): typeof BenchService {
  const file = clone(FileDescriptorProtoSchema, BenchService.file.proto);
  const [service] = file.service;
  const [echo] = service?.method ?? [];
  if (service === undefined || echo === undefined) throw new Error("the service has no method");
  for (let n = 0; n < 1_000; n++) {
    service.method.push(create(MethodDescriptorProtoSchema, { ...echo, name: `Other${n}` }));
  }
  const known = (name: string) => BenchService.file.dependencies.find((each) => each.proto.name === name);
  const wide = createFileRegistry(file, known).getService(BenchService.typeName);
  if (wide === undefined) throw new Error("the service is gone");
  return wide as typeof BenchService;
}
