import { CommandLineError } from "../../command-line/arguments.js";
import { Metadata } from "../../rpc/metadata.js";

/**
 * What `--metadata KEY=VALUE` says; the value of a `-bin` key is base64.
 *
 * @throws CommandLineError; UsageError ERR_INVALID_METADATA
 */
export function parseMetadata(words: readonly string[]): Metadata {
  const metadata = new Metadata();
  for (const word of words) {
    const equals = word.indexOf("=");
    if (equals < 1) throw new CommandLineError("--metadata has no key", "write --metadata KEY=VALUE");
    const key = word.slice(0, equals);
    const value = word.slice(equals + 1);
    metadata.append(key, key.toLowerCase().endsWith("-bin") ? decodeBase64(key, value) : value);
  }
  return metadata;
}

/** Node.js skips what is not base64; nobody should send something else than was written. */
function decodeBase64(key: string, value: string): Uint8Array {
  const bytes = Buffer.from(value, "base64");
  if (bytes.toString("base64").replaceAll("=", "") === value.replace(/={1,2}$/, "")) return bytes;
  throw new CommandLineError(
    `the value of --metadata ${key} is not base64`,
    "the value of a key that ends in -bin is written in base64",
  );
}
