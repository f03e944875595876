import type { TextMapGetter, TextMapSetter } from "@opentelemetry/api";
import type { Metadata } from "../../rpc/metadata.js";

/** How a propagator of OpenTelemetry reads and writes the metadata of a call. Binary values are none of its business. */
export const metadataCarrier: TextMapGetter<Metadata> & TextMapSetter<Metadata> = {
  keys: (metadata) => [...new Set([...metadata].map(([key]) => key))],
  get(metadata, key) {
    const values: readonly unknown[] = metadata.getAll(key);
    if (values.length === 0) return undefined;
    return values.length === 1 ? asText(values[0]) : values.filter((value) => typeof value === "string");
  },
  set(metadata, key, value) {
    metadata.set(key, value);
  },
};

function asText(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
