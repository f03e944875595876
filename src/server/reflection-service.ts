import type { DescFile, DescService } from "@bufbuild/protobuf";
import type { ServerReflection, ServerReflectionRequest } from "../gen/grpc/reflection/v1/reflection_pb.js";
import type {
  ServerReflectionRequest as ServerReflectionRequestV1Alpha,
  ServerReflection as ServerReflectionV1Alpha,
} from "../gen/grpc/reflection/v1alpha/reflection_pb.js";
import type { Implementation } from "../rpc/implementation.js";
import { Status } from "../status.js";
import { DescriptorIndex } from "./descriptor-index.js";

type Request = ServerReflectionRequest | ServerReflectionRequestV1Alpha;
/** An init of either version's response. */
type Answer =
  | { case: "fileDescriptorResponse"; value: { fileDescriptorProto: Uint8Array[] } }
  | { case: "allExtensionNumbersResponse"; value: { baseTypeName: string; extensionNumber: number[] } }
  | { case: "listServicesResponse"; value: { service: { name: string }[] } }
  | { case: "errorResponse"; value: { errorCode: Status; errorMessage: string } };

/**
 * `grpc.reflection.v1.ServerReflection` (https://github.com/grpc/grpc/blob/master/doc/server-reflection.md) about these
 * services and what their files import, and about nothing else.
 */
export function reflectionService(services: readonly DescService[]): Implementation<typeof ServerReflection> {
  const answer = answers(services);
  return { serverReflectionInfo: (requests) => answerEach(requests, answer) };
}

/** The same under the name that it had first, which most tools still ask for. */
export function reflectionServiceV1Alpha(
  services: readonly DescService[],
): Implementation<typeof ServerReflectionV1Alpha> {
  const answer = answers(services);
  return { serverReflectionInfo: (requests) => answerEach(requests, answer) };
}

async function* answerEach<R extends Request>(requests: AsyncIterable<R>, answer: (request: Request) => Answer) {
  for await (const request of requests) {
    yield { validHost: request.host, originalRequest: request, messageResponse: answer(request) };
  }
}

function answers(services: readonly DescService[]): (request: Request) => Answer {
  let index: DescriptorIndex | undefined;
  return ({ messageRequest }) => {
    index ??= new DescriptorIndex(services);
    switch (messageRequest.case) {
      case "listServices":
        return {
          case: "listServicesResponse",
          value: { service: services.map(({ typeName }) => ({ name: typeName })) },
        };
      case "fileByFilename":
        return fileAnswer(index, index.file(messageRequest.value));
      case "fileContainingSymbol":
        return fileAnswer(index, index.fileOf(messageRequest.value));
      case "fileContainingExtension": {
        const { containingType, extensionNumber } = messageRequest.value;
        return fileAnswer(index, index.fileOfExtension(containingType, extensionNumber));
      }
      case "allExtensionNumbersOfType":
        return extensionsAnswer(messageRequest.value, index.extensionsOf(messageRequest.value));
      default:
        return failed(Status.INVALID_ARGUMENT, "the request asks for nothing that this server knows");
    }
  };
}

function fileAnswer(index: DescriptorIndex, file: DescFile | undefined): Answer {
  if (file === undefined) return failed(Status.NOT_FOUND, "no service of this server has it");
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto: index.encoded(file) } };
}

function extensionsAnswer(baseTypeName: string, numbers: number[] | undefined): Answer {
  if (numbers === undefined) return failed(Status.NOT_FOUND, "no service of this server has it");
  return { case: "allExtensionNumbersResponse", value: { baseTypeName, extensionNumber: numbers } };
}

function failed(errorCode: Status, errorMessage: string): Answer {
  return { case: "errorResponse", value: { errorCode, errorMessage } };
}
