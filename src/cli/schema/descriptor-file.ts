import { readFile } from "node:fs/promises";
import { fileError } from "../../files/file-error.js";
import { type FileSchema, parseDescriptorSet } from "./file-schema.js";

/**
 * Reads a FileDescriptorSet, as `buf build -o FILE` and `protoc --descriptor_set_out=FILE` write it.
 *
 * @throws ConfigError ERR_FILE_MISSING, ERR_FILE_UNREADABLE, ERR_FILE_MALFORMED, ERR_SCHEMA_INCOMPLETE
 */
export async function readDescriptorFile(path: string): Promise<FileSchema> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw fileError("read", path, error);
  });
  return parseDescriptorSet(bytes, path);
}
