import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Party } from "./place.js";

/** The files of a party, for subjects that take them as they are. */
export async function readParty({ directory }: Party): Promise<{ key: Buffer; cert: Buffer; ca: Buffer }> {
  const read = (file: string) => readFile(join(directory, file));
  const [key, cert, ca] = await Promise.all([read("key.pem"), read("cert.pem"), read("bundle.pem")]);
  return { key, cert, ca };
}
