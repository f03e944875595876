// The door "pinwire/reflection": gRPC's reflection service, for policies and clients.
export {
  type ExtensionRequest,
  ServerReflection as ReflectionService,
  type ServerReflectionRequest,
  ServerReflectionRequestSchema,
  type ServerReflectionResponse,
  ServerReflectionResponseSchema,
} from "./gen/grpc/reflection/v1/reflection_pb.js";
export { ServerReflection as ReflectionV1AlphaService } from "./gen/grpc/reflection/v1alpha/reflection_pb.js";
