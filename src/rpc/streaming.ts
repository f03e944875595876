import type { DescMethod } from "@bufbuild/protobuf";

type Method = Pick<DescMethod, "methodKind">;

/** Whether a call of the method may have more requests than one, or none. */
export function streamsRequests({ methodKind }: Method): boolean {
  return methodKind === "client_streaming" || methodKind === "bidi_streaming";
}

/** The same of its responses. */
export function streamsResponses({ methodKind }: Method): boolean {
  return methodKind === "server_streaming" || methodKind === "bidi_streaming";
}
