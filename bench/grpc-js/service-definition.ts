import type { DescMethod } from "@bufbuild/protobuf";
import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { BenchService } from "../gen/pinwire/bench/v1/bench_pb.js";

/** The service in grpc-js's terms, with the messages of protobuf-es: the same ones that pinwire's users have. */
export const methods = {
  echo: definitionOf(BenchService.method.echo),
  download: definitionOf(BenchService.method.download),
  upload: definitionOf(BenchService.method.upload),
  exchange: definitionOf(BenchService.method.exchange),
};

type MethodOf<I extends DescMessage, O extends DescMessage> = DescMethod & { readonly input: I; readonly output: O };

function definitionOf<I extends DescMessage, O extends DescMessage>(method: MethodOf<I, O>) {
  const { parent, name, input, output, methodKind } = method;
  return {
    path: `/${parent.typeName}/${name}`,
    requestStream: methodKind === "client_streaming" || methodKind === "bidi_streaming",
    responseStream: methodKind === "server_streaming" || methodKind === "bidi_streaming",
    requestSerialize: serializer(input),
    requestDeserialize: deserializer(input),
    responseSerialize: serializer(output),
    responseDeserialize: deserializer(output),
  };
}

function serializer<S extends DescMessage>(schema: S): (init: MessageInitShape<S>) => Buffer {
  return (init) => {
    const bytes = toBinary(schema, create(schema, init));
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
}

function deserializer<S extends DescMessage>(schema: S): (bytes: Uint8Array) => MessageShape<S> {
  return (bytes) => fromBinary(schema, bytes);
}
