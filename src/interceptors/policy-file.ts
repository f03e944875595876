import { dirname } from "node:path";
import { ConfigError } from "../errors.js";
import { fileIdentity } from "../files/file-identity.js";
import { checkTrustedDirectory } from "../files/private-directory.js";
import { readPublicFile } from "../files/private-file.js";

/** Ten thousand rules of ordinary length are two. */
export const maxPolicyBytes = 8 * 1024 * 1024;
const maxAttempts = 10;

/**
 * Reads a policy file as it was at one moment. It belongs to us or to root, nobody else can change it, and nobody else can
 * put another one in its place.
 *
 * @throws ConfigError ERR_POLICY_INVALID, ERR_FILE_MISSING, ERR_FILE_UNREADABLE, ERR_FILE_NOT_PRIVATE, ERR_FILE_MALFORMED,
 * ERR_DIRECTORY_NOT_PRIVATE
 */
export async function readPolicyText(path: string): Promise<string> {
  await checkTrustedDirectory(dirname(path));
  for (let attempt = 1; ; attempt++) {
    const before = await fileIdentity(path);
    const content = await readPublicFile(path, { maxBytes: maxPolicyBytes });
    if (before === (await fileIdentity(path))) return decode(path, content);
    if (attempt === maxAttempts) {
      const hint = "stop what keeps writing it, and replace it by renaming a new file over it";
      throw new ConfigError("ERR_FILE_UNREADABLE", `${path} changes faster than it can be read`, hint);
    }
  }
}

function decode(path: string, content: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch {
    throw new ConfigError("ERR_POLICY_INVALID", `${path}: it is not UTF-8`, "save it as UTF-8");
  }
}
