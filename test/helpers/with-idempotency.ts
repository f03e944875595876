import { clone, create, createFileRegistry, type DescService } from "@bufbuild/protobuf";
import {
  FileDescriptorProtoSchema,
  type MethodOptions_IdempotencyLevel,
  MethodOptionsSchema,
} from "@bufbuild/protobuf/wkt";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";

/** The greeter, as if its `.proto` said so of all its methods. */
export function withIdempotency(idempotencyLevel: MethodOptions_IdempotencyLevel): typeof GreeterService {
  return serviceWithIdempotency(GreeterService, idempotencyLevel);
}

/** The same of any service. */
export function serviceWithIdempotency<S extends DescService>(
  service: S,
  idempotencyLevel: MethodOptions_IdempotencyLevel,
): S {
  const proto = clone(FileDescriptorProtoSchema, service.file.proto);
  for (const method of proto.service.flatMap(({ method }) => method)) {
    method.options = create(MethodOptionsSchema, { idempotencyLevel });
  }
  const dependencies = new Map(service.file.dependencies.map((file) => [`${file.name}.proto`, file]));
  const registry = createFileRegistry(proto, (name) => dependencies.get(name));
  // The same messages and methods by name, which is all that the types say.
  return registry.getService(service.typeName) as S;
}
