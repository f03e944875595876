import { Status } from "../../status.js";

type Decompress = (message: Buffer, encoding: string) => unknown;

/**
 * Makes a call of grpc-js refuse a message whose compression flag is no flag, or that says it is compressed when its call
 * names no compression (gRPC over HTTP/2, "Compressed-Flag": INTERNAL). By itself (1.14.7) it takes the bytes as they are.
 *
 * There is no public way. False when this grpc-js decompresses differently: then the call must not be served.
 */
export function strictMessages(call: object): boolean {
  const seam = call as { decompressMessage?: Decompress };
  const decompress = seam.decompressMessage;
  if (typeof decompress !== "function") return false;
  seam.decompressMessage = (message, encoding) => {
    const flag = message[0] as number;
    if (flag > 1 || (flag === 1 && encoding === "identity")) {
      return Promise.reject({ code: Status.INTERNAL, details: "a compression flag without compression" });
    }
    return decompress.call(call, message, encoding);
  };
  return true;
}
