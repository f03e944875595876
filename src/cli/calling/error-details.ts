import { fromBinary } from "@bufbuild/protobuf";
import type { RpcError } from "../../errors.js";
import type { Failure } from "../output.js";
import type { Schema } from "../schema/schema.js";
import { messageJson } from "./message-json.js";
import { registryFor } from "./registry-for.js";

/** The details of an error, each as the JSON form of what it holds; one of an unknown type as its bytes. */
export async function detailsOf(error: RpcError, schema: Schema): Promise<NonNullable<Failure["details"]>> {
  const shown = [];
  for (const { typeName, value } of error.details.slice(0, 20)) {
    const json = { "@type": typeName, ...(await jsonFields(typeName, value, schema)) };
    shown.push({ json, line: JSON.stringify(json) });
  }
  return shown;
}

async function jsonFields(typeName: string, value: Uint8Array, schema: Schema): Promise<object> {
  try {
    await schema.learn([typeName]);
    const desc = registryFor(schema).getMessage(typeName);
    if (desc !== undefined) {
      const json = await messageJson(desc, fromBinary(desc, value), { schema, emitDefaults: false });
      return typeof json === "object" && json !== null && !Array.isArray(json) ? json : { value: json };
    }
  } catch {
    // An error must not get lost behind another one about its details.
  }
  return { value: Buffer.from(value).toString("base64") };
}
