import {
  clone,
  create,
  createFileRegistry,
  type DescService,
  type MessageInitShape,
  setExtension,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, MethodOptionsSchema } from "@bufbuild/protobuf/wkt";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { CallPolicySchema, method as methodOption } from "../../src/gen/pinwire/policy/v1/policy_pb.js";

export type CallPolicyInit = MessageInitShape<typeof CallPolicySchema>;

/** The greeter, as if its `.proto` had these options at its methods: by name, for example `SayHello`. */
export function withPolicy(policies: Readonly<Record<string, CallPolicyInit>>): typeof GreeterService {
  const proto = clone(FileDescriptorProtoSchema, GreeterService.file.proto);
  for (const method of proto.service.flatMap((service) => service.method)) {
    const policy = policies[method.name];
    if (policy === undefined) continue;
    method.options ??= create(MethodOptionsSchema);
    setExtension(method.options, methodOption, create(CallPolicySchema, policy));
  }
  const dependencies = new Map(GreeterService.file.dependencies.map((file) => [`${file.name}.proto`, file]));
  const registry = createFileRegistry(proto, (name) => dependencies.get(name));
  const service: DescService | undefined = registry.getService(GreeterService.typeName);
  // The same messages and methods by name, which is all that the types say.
  return service as typeof GreeterService;
}
