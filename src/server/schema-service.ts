import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { RpcError } from "../errors.js";
import type { SchemaService } from "../gen/pinwire/direct/v1/schema_pb.js";
import type { SpiffeId } from "../identity/spiffe-id.js";
import type { Implementation } from "../rpc/implementation.js";
import { methodPath } from "../rpc/method-path.js";
import { methodShape } from "../rpc/schema/method-shape.js";
import { Status } from "../status.js";

/**
 * Tells a client whose fingerprint of a method differs what the method's messages look like here. Every verified peer may ask,
 * and hears of the methods that it may call; of all others, whether they exist or not, the same.
 */
export function schemaService(
  services: Iterable<DescService>,
  permits: (caller: SpiffeId, path: string) => boolean,
): Implementation<typeof SchemaService> {
  const methods = new Map<string, DescMethod>();
  for (const service of services) for (const method of service.methods) methods.set(methodPath(method), method);
  return {
    describeMethod: ({ path }, { peer }) => {
      const method = permits(peer.id, path) ? methods.get(path) : undefined;
      if (method === undefined) throw new RpcError(Status.NOT_FOUND, "no such method for this caller");
      return methodShape(method);
    },
  };
}
