import { clone, type DescMessage, type JsonValue, type Message, toJson } from "@bufbuild/protobuf";
import { RpcError } from "../../errors.js";
import { Status } from "../../status.js";
import type { Schema } from "../schema/schema.js";
import { mayHoldAny, openAnys } from "./opaque-any.js";

export interface JsonForm {
  readonly schema: Schema;
  /** Whether fields that have their default value are shown too. */
  readonly emitDefaults: boolean;
}

/**
 * A received message in its JSON form. What is in a `google.protobuf.Any` of an unknown type is shown as
 * `{"@type": …, "value": bytes in base64}`: the rest of the message must not be lost for it.
 *
 * @throws RpcError ERR_MESSAGE_MALFORMED for a value without a JSON form, such as a Timestamp out of range
 */
export async function messageJson(desc: DescMessage, message: Message, form: JsonForm): Promise<JsonValue> {
  const { schema, emitDefaults: alwaysEmitImplicit } = form;
  try {
    if (!mayHoldAny(desc)) return toJson(desc, message, { alwaysEmitImplicit });
    const shown = clone(desc, message);
    const registry = await openAnys(desc, shown, schema);
    return toJson(desc, shown, { registry, alwaysEmitImplicit });
  } catch (cause) {
    const reason = cause instanceof RangeError ? "it is nested too deep" : (cause as Error).message;
    throw new RpcError(Status.INTERNAL, `the response has no JSON form: ${reason}`, {
      code: "ERR_MESSAGE_MALFORMED",
      cause,
    });
  }
}
