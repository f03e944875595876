import type { CallOptions } from "../../rpc/call-options.js";
import type { Metadata } from "../../rpc/metadata.js";
import type { Output } from "../output.js";

/** Shows response header and trailer beside the result as they come; bytes as base64. */
export function showMetadata(output: Output): Pick<CallOptions, "onHeader" | "onTrailer"> {
  return {
    onHeader: (header) => show(output, "header", header),
    onTrailer: (trailer) => show(output, "trailer", trailer),
  };
}

function show(output: Output, part: "header" | "trailer", metadata: Metadata): void {
  const entries = [...metadata].map(([key, value]) => [key, textOf(value)] as const);
  if (output.json) output.note(JSON.stringify({ [part]: entries }));
  else for (const [key, text] of entries) output.note(`${part}: ${key}: ${text}`);
}

function textOf(value: string | Uint8Array): string {
  return typeof value === "string" ? value : Buffer.from(value).toString("base64");
}
