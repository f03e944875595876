import { readForeignFile } from "../src/files/private-file.js";

/** The text of a token in a file. @throws ConfigError ERR_FILE_MISSING, ERR_FILE_UNREADABLE */
export async function readToken(file: string): Promise<string> {
  return (await readForeignFile(file)).toString("latin1").trim();
}
