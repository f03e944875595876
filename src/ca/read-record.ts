import { ConfigError } from "../errors.js";
import { readPrivateFile } from "../files/private-file.js";

/** The records grow by about a kilobyte a certificate; this is room for a quarter of a million. */
const maxRecordBytes = 256 * 1024 * 1024;

/** The text of a record from an offset on; empty before the first line was written. All of it is ASCII. */
export async function readRecord(path: string, start = 0): Promise<string> {
  try {
    return (await readPrivateFile(path, { maxBytes: maxRecordBytes, start })).toString("latin1");
  } catch (error) {
    if (error instanceof ConfigError && error.code === "ERR_FILE_MISSING") return "";
    throw error;
  }
}
