import { clone, create, createFileRegistry } from "@bufbuild/protobuf";
import {
  FileDescriptorProtoSchema,
  type MethodOptions_IdempotencyLevel,
  MethodOptionsSchema,
} from "@bufbuild/protobuf/wkt";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";

/** The greeter, as if its `.proto` said so of all its methods. */
export function withIdempotency(idempotencyLevel: MethodOptions_IdempotencyLevel): typeof GreeterService {
  const proto = clone(FileDescriptorProtoSchema, GreeterService.file.proto);
  for (const method of proto.service.flatMap((service) => service.method)) {
    method.options = create(MethodOptionsSchema, { idempotencyLevel });
  }
  const dependencies = new Map(GreeterService.file.dependencies.map((file) => [`${file.name}.proto`, file]));
  const registry = createFileRegistry(proto, (name) => dependencies.get(name));
  // The same messages and methods by name, which is all that the types say.
  return registry.getService(GreeterService.typeName) as typeof GreeterService;
}
